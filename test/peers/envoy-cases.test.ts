/** The Envoy suite against a real Envoy: what the suite asks of a sidecar is what Envoy 1.40 does. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

const ROOT = join(import.meta.dirname, '..', '..');
const ENVOY = join(ROOT, 'bench', '.peers', 'envoy', 'envoy', '_bin', 'envoy');
const skip = existsSync(ENVOY) ? false : 'no Envoy: .ci/run installs it';

t.test('every case of routing, config and admin passes on Envoy itself', { skip, timeout: 120_000 }, (t) => {
  const suite = join(ROOT, 'test', 'envoy-cases');
  const command = `${ENVOY} -c {config} --concurrency 1 -l off --base-id {n}`;
  const options = ['--area', 'routing,config,admin', '--jobs', '2', '--retries', '1'];
  const { stdout, status } = spawnSync(
    process.execPath,
    [join(suite, 'run.mjs'), '--cases', join(suite, 'cases.json'), '--cmd', command, ...options],
    { encoding: 'utf8' },
  );
  t.equal(
    status,
    0,
    stdout
      .split('\n')
      .filter((line) => line.startsWith('FAIL'))
      .join('\n') || 'all pass',
  );
  t.match(stdout, /\d+ passed, 0 failed/);
  t.end();
});
