/**
 * `outrider apply`: hands files to the control plane, all or nothing each.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { Client } from '../api-client.ts';
import type { ApplyResult, FileProblem } from '../api-types.ts';
import type { CliContext } from '../context.ts';
import { CliError, messageOf, UsageError } from '../errors.ts';
import { type Format, outputOption, render } from '../format.ts';
import type { ServerOptions } from '../server-address.ts';
import { withChangeOptions, withClient, withServerOptions } from '../server-command.ts';

/** How long --wait waits when it is given without a number. */
const WAIT_SECONDS = 30;

interface ApplyFlags extends ServerOptions {
  readonly file?: readonly string[];
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly message?: string;
  readonly wait?: true | number;
  readonly output: Format;
}

/** Adds the command. */
export function addApply(program: Command, context: CliContext): void {
  const command = program
    .command('apply')
    .description('create or change workloads and routes from YAML files')
    .option('-f, --file <file>', 'a file, or - for standard input; may be repeated', collect)
    .option('--dry-run', 'check the files and tell what would change; "outrider diff" shows the texts')
    .option('--force', 'also if more than half of a kind goes')
    .option('--wait [seconds]', 'return when every sidecar concerned has accepted the change', seconds)
    .addOption(outputOption());
  withServerOptions(withChangeOptions(command)).action((flags: ApplyFlags) => {
    const files = atLeastOne(flags.file, '--file');
    return withClient(flags, context, async (client) => {
      for (const file of files) {
        const result = await applyFile(client, file, flags, context);
        context.out(render(flags.output, result, (each) => changesText(each, flags.dryRun === true)));
        if (flags.output === 'table') context.err(adviceText(result));
      }
    });
  });
}

/** Reads one file (- is standard input) and applies it. */
export async function applyFile(
  client: Client,
  file: string,
  options: Pick<ApplyFlags, 'dryRun' | 'wait' | 'force'>,
  context: Pick<CliContext, 'cwd' | 'readStdin'>,
): Promise<ApplyResult> {
  const text = file === '-' ? await context.readStdin() : readText(path.resolve(context.cwd, file));
  const waitSeconds = options.wait === true ? WAIT_SECONDS : options.wait;
  return client.apply(text, {
    ...(file === '-'
      ? { shownAs: 'standard input', dir: context.cwd }
      : { shownAs: file, file: path.resolve(context.cwd, file) }),
    dryRun: options.dryRun === true,
    force: options.force === true,
    ...(waitSeconds === undefined ? {} : { waitSeconds }),
  });
}

/** One line per changed resource; what stayed as it was is only counted. */
export function changesText(result: ApplyResult, dryRun: boolean): string {
  const lines: string[] = [];
  let unchanged = 0;
  for (const { kind, name, action } of result.changes) {
    if (action === 'unchanged') unchanged++;
    else lines.push(`${kind.toLowerCase()}/${name} ${dryRun ? 'would be ' : ''}${action}`);
  }
  if (unchanged > 0) lines.push(`${unchanged} unchanged`);
  return `${lines.join('\n')}\n`;
}

/** One line for each note and each warning; empty when there are none. */
function adviceText({ notes = [], warnings = [] }: ApplyResult): string {
  const line = (kind: string) => (each: FileProblem) => `${kind}: ${each.path}: ${each.message}\n`;
  return [...notes.map(line('note')), ...warnings.map(line('warning'))].join('');
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CliError(`cannot read ${file}: ${messageOf(error)}`);
  }
}

/**
 * The values of an option that must be there. Commander could check that itself, but does so before it looks for unknown
 * options, and would call a mistyped `--file` missing.
 */
export function atLeastOne(values: readonly string[] | undefined, flag: string): readonly string[] {
  if (values !== undefined) return values;
  throw new UsageError(`${flag} is missing: name a file with it`);
}

/** Gathers a repeated option's values. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

function seconds(value: string): number {
  const number = Number(value);
  if (Number.isInteger(number) && number > 0 && number <= 600) return number;
  throw new InvalidArgumentError('It must be a whole number of seconds from 1 to 600.');
}
