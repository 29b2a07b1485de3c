/** A backup is restored under load, with everything real: what it had is back, and no request fails meanwhile. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { until } from '../../integration/running-up.ts';
import { Load, Mesh } from './mesh.ts';

const WEB = `
import { createServer } from 'node:http';
const server = createServer((request, response) => setTimeout(() => response.end(process.env.OUTRIDER_WORKLOAD), 5));
server.listen(process.env.PORT, '127.0.0.1');
process.once('SIGTERM', () => server.close(() => process.exit(0)));
`;
const web = (name: string, replicas: number) =>
  `\n  ${name}: { command: node web.mjs, deploy: { replicas: ${replicas} }, x-outrider: { service: web, version: ${name}, protocol: http, health: { path: / } } }`;
const CLIENT = '\n  client: { command: node web.mjs, x-outrider: { protocol: http } }';
const BEFORE = `services:${web('v1', 2)}${web('v2', 1)}${CLIENT}\n`;
const ROUTE = (to: string) => `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: web }
spec: { parentRefs: [{ kind: Service, name: web }], rules: [{ backendRefs: [{ name: ${to} }] }] }
`;

t.setTimeout(240_000);

t.test('a backup is restored under load without a failed request', async (t) => {
  const mesh = await Mesh.start(t, { programs: { 'web.mjs': WEB }, compose: BEFORE });
  const { outbound } = mesh.record('client', 0).ports;
  const apply = async (name: string, text: string) => {
    writeFileSync(join(mesh.dir, name), text);
    await mesh.outrider('apply', '-f', name, '--wait');
  };
  await apply('route.yaml', ROUTE('v1'));
  await mesh.outrider('backup', 'mesh.backup');
  const answers = new Set<string>();
  const load = new Load({ port: outbound, host: 'web', perSecond: 200, onAnswer: (text) => void answers.add(text) });
  t.teardown(() => load.stop());
  const goesTo = async (name: string) => {
    await until(
      async () => {
        answers.clear();
        const before = load.answered;
        while (load.answered < before + 100) await new Promise((resolve) => setImmediate(resolve));
        return answers.size === 1 && answers.has(name);
      },
      30_000,
      () => `not all goes to ${name}: ${[...answers]}`,
    );
  };
  await goesTo('v1');
  await apply('route.yaml', ROUTE('v2'));
  await mesh.outrider('scale', 'v2=3');
  await mesh.untilReady();
  await goesTo('v2');
  const said = await mesh.outrider('restore', 'mesh.backup', '--force', '-m', 'a mistake');
  t.match(said, /restored as revision \d+/);
  await goesTo('v1');
  await mesh.untilReady();
  const replicas = (await mesh.services()).find(({ name }) => name === 'v2')?.replicas;
  t.match(replicas, { desired: 1, ready: 1 }, 'counts are back as well');
  await goesTo('v1');
  await load.stop();
  t.same(load.failures, [], `none of ${load.answered} requests failed`);
  t.ok(load.answered > 500, `${load.answered} requests were answered`);
});
