import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly { readonly expr: string }[];
}

const dashboard = JSON.parse(readFileSync(join(import.meta.dirname, 'dashboard.json'), 'utf8')) as {
  readonly panels: readonly Panel[];
};
const rules = readFileSync(join(import.meta.dirname, '..', 'prometheus', 'rules.yml'), 'utf8');

t.test('panels have numbers of their own and do not overlap', (t) => {
  const { panels } = dashboard;
  t.equal(new Set(panels.map((panel) => panel.id)).size, panels.length);
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
  );
  t.equal(new Set(cells).size, cells.length);
  t.ok(panels.every(({ gridPos: { x, w } }) => x + w <= 24));
  t.end();
});

t.test('dashboard and alerts ask for names that Envoy has, too', (t) => {
  const expressions = dashboard.panels.flatMap((panel) => panel.targets.map((target) => target.expr)).join('\n');
  const names = `${expressions}\n${rules}`.match(/\b(?:envoy|outrider)_[a-z_]+/g) ?? [];
  const labels = ['envoy_cluster_name', 'envoy_response_code_class'];
  // What there is no word for at Envoy stands under a word of its own.
  const known = /^envoy_(cluster|http|listener_manager|cluster_manager|control_plane|server|outrider)_[a-z_]+$/;
  t.same(
    names.filter((name) => !labels.includes(name) && !known.test(name)),
    [],
  );
  t.ok(names.length > 20);
  t.end();
});
