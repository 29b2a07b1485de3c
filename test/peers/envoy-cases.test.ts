/** The Envoy suite against a real Envoy: what the suite asks of a sidecar is what Envoy 1.40 does. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ENVOY, ENVOY_COMMAND, runSuite } from '../envoy-cases/suite.ts';

const skip = existsSync(ENVOY) ? false : 'no Envoy: .ci/run installs it';

t.test('every case of routing, config and admin passes on Envoy itself', { skip, timeout: 120_000 }, async (t) => {
  const options = ['--area', 'routing,config,admin', '--jobs', '2', '--retries', '1'];
  const cases = await runSuite({ command: ENVOY_COMMAND, report: join(t.testdir(), 'report.json') }, options);
  t.ok(cases.length > 0, `${cases.length} cases were run`);
  for (const { id, pass, why } of cases) t.ok(pass, id, { why });
});
