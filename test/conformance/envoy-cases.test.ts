/**
 * The Envoy differential suite against a real sidecar: `bin/outrider proxy -c` has to behave as Envoy 1.40 does.
 *
 * A case passes, or its bootstrap is refused at start with the path of what is not honoured. Nothing in between: a field
 * that is accepted has to work. What is refused is printed, so that the list of what is missing is this test's own output.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { CASES_FILE, type CaseResult, OUTRIDER_COMMAND, runSuite } from '../envoy-cases/suite.ts';

/** Areas of which no core case may be refused. */
const COMPLETE_AREAS = new Set([
  ...[
    'routing',
    'config',
    'admin',
    'tcp',
    'upgrade',
    'timeouts',
    'headers',
    'tls',
    'circuit',
    'outlier',
    'retries',
    'filters',
    'lb',
    'actions',
    'health',
  ],
]);

/** Cases that need certificates, which the runner makes with openssl. */
function needsCertificates(each: unknown): boolean {
  return /\$\{CERTS\}|"(h1|h2|tcp)\+tls"/.test(JSON.stringify(each));
}

/** The cases that can be run here: all of them, or null for that, or those without certificates. */
function runnable(): readonly string[] | null {
  if (HAS_OPENSSL) return null;
  const cases = JSON.parse(readFileSync(CASES_FILE, 'utf8')) as readonly { readonly id: string }[];
  return cases.filter((each) => !needsCertificates(each)).map(({ id }) => id);
}

const HAS_OPENSSL = spawnSync('openssl', ['version']).status === 0;

const REFUSED = /^proxy exited early \(1\): \S+:\d+:\d+: ([a-z_]+[^ ]*: .*)$/;

/** Runs the suite, or the cases named, and gives its report. */
function runCore(report: string, only: readonly string[] | null, jobs = 2): Promise<readonly CaseResult[]> {
  const named = only === null ? [] : ['--only', only.join(',')];
  return runSuite({ command: OUTRIDER_COMMAND, report }, ['--level', 'core', '--jobs', String(jobs), ...named]);
}

/** Cases measure time. Those that failed, and were not refused, run once more alone before they count. */
async function runTwice(jsonFile: string): Promise<readonly CaseResult[]> {
  const first = await runCore(jsonFile, runnable());
  const doubtful = first.filter(({ pass, why }) => !pass && !REFUSED.test(why ?? ''));
  if (doubtful.length === 0 || doubtful.length > 10) return first;
  const second = await runCore(
    jsonFile,
    doubtful.map(({ id }) => id),
    1,
  );
  const again = new Map(second.map((each) => [each.id, each]));
  return first.map((each) => again.get(each.id) ?? each);
}

t.test('cases with certificates', { skip: HAS_OPENSSL ? false : 'no openssl: .ci/run installs it' }, (t) => t.end());

t.test(
  'what is accepted behaves as in Envoy, and the rest is refused with its path',
  { timeout: 240_000 },
  async (t) => {
    const cases = await runTwice(join(t.testdir(), 'report.json'));
    t.ok(cases.length > (HAS_OPENSSL ? 170 : 150), `${cases.length} core cases were run`);
    for (const { id, area, title, pass, why } of cases) {
      const refused = REFUSED.exec(why ?? '')?.[1];
      if (pass) t.pass(`${area} ${id}`);
      else if (refused !== undefined && !COMPLETE_AREAS.has(area))
        t.comment(`not honoured yet: ${area} ${id}: ${refused}`);
      else t.fail(`${area} ${id}: ${title}`, { why });
    }
  },
);
