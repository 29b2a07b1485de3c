/**
 * The areas of the Envoy suite that are about resilience, with clients that speak HTTP/2: what passes on a real Envoy has
 * to pass here. What Envoy does not pass (such as `connection: close`, which HTTP/2 does not have) is no question.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { CASES_FILE, ENVOY, ENVOY_COMMAND, OUTRIDER_COMMAND, runSuite } from '../envoy-cases/suite.ts';

const AREAS = new Set(['actions', 'timeouts', 'retries', 'circuit', 'outlier', 'lb', 'health', 'filters']);
/** In the README's table of differences. */
const DIFFERENT = new Set(['od-merge-window']);
const skip = existsSync(ENVOY) ? false : 'no Envoy: .ci/run installs it';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

interface Case {
  readonly id: string;
  readonly area: string;
  readonly steps: Json;
  share?: string;
}

/** Requests to the proxy itself by HTTP/2 with prior knowledge; those to the admin port stay. */
function overHttp2(step: Json): Json {
  if (Array.isArray(step)) return step.map(overHttp2);
  if (typeof step !== 'object' || step === null) return step;
  return Object.fromEntries(
    Object.entries(step).map(([key, value]) => {
      if (key === 'request' || key === 'poll' || key === 'base') return [key, asHttp2(value)];
      if (key === 'requests' && Array.isArray(value)) return [key, value.map(asHttp2)];
      return [key, overHttp2(value)];
    }),
  );
}

function asHttp2(request: Json): Json {
  if (typeof request !== 'object' || request === null || Array.isArray(request)) return request;
  const { proto, port } = request;
  return port === undefined && (proto === undefined || proto === 'h1') ? { ...request, proto: 'h2' } : request;
}

t.test('what passes on Envoy with HTTP/2 clients passes here', { skip, timeout: 300_000 }, async (t) => {
  const folder = t.testdir();
  const file = join(folder, 'cases.json');
  const cases = (JSON.parse(readFileSync(CASES_FILE, 'utf8')) as Case[])
    .filter(({ area, id }) => AREAS.has(area) && !DIFFERENT.has(id))
    .map(({ share: _, ...each }) => ({ ...each, steps: overHttp2(each.steps) }));
  writeFileSync(file, JSON.stringify(cases));
  const options = ['--jobs', '2', '--retries', '1'];
  const theirs = await runSuite({ file, command: ENVOY_COMMAND, report: join(folder, 'envoy.json') }, options);
  const own = await runSuite({ file, command: OUTRIDER_COMMAND, report: join(folder, 'outrider.json') }, options);
  const ours = new Map(own.map((each) => [each.id, each]));
  const judged = theirs.filter(({ pass }) => pass).map(({ id }) => id);
  t.ok(judged.length >= 90, `${judged.length} of ${cases.length} cases are judged`);
  for (const id of judged) t.ok(ours.get(id)?.pass, id, { why: ours.get(id)?.why });
});
