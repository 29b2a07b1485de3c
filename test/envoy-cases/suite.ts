/** Runs the Envoy differential suite (README.md beside this file) against a program, and reads its report. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');

/** The cases, as they are written. */
export const CASES_FILE = join(import.meta.dirname, 'cases.json');
/** A real Envoy, where one is installed. */
export const ENVOY = join(ROOT, 'bench', '.peers', 'envoy', 'envoy', '_bin', 'envoy');

/** The command lines of both, for `runSuite`. */
export const OUTRIDER_COMMAND = `${process.execPath} ${join(ROOT, 'bin', 'outrider')} proxy -c {config} --base-id {n} -l off`;
export const ENVOY_COMMAND = `${ENVOY} -c {config} --concurrency 1 -l off --base-id {n}`;

/** What became of one case. `why` is null when it passed. */
export interface CaseResult {
  readonly id: string;
  readonly area: string;
  readonly title: string;
  readonly pass: boolean;
  readonly why: string | null;
}

/** One run: the cases of `file` against `command`, with further options of run.mjs; the report is left in `report`. */
export async function runSuite(
  { file = CASES_FILE, command, report }: { readonly file?: string; readonly command: string; readonly report: string },
  options: readonly string[],
): Promise<readonly CaseResult[]> {
  const args = [join(import.meta.dirname, 'run.mjs'), '--cases', file, '--cmd', command, '--json', report, ...options];
  // The exit code only counts failures; the report says which.
  await new Promise<void>((resolve) => {
    execFile(process.execPath, args, { maxBuffer: 64 << 20 }, () => resolve());
  });
  return (JSON.parse(readFileSync(report, 'utf8')) as { cases: CaseResult[] }).cases;
}
