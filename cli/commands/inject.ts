/** `outrider inject`: a Compose file with a sidecar beside every service. Text in, text out: it starts nothing. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Problem } from '../../control-plane/policy/problem.ts';
import { parseBytes } from '../../control-plane/policy/values.ts';
import type { ServerAddress } from '../../control-plane/translate/control-plane-cluster.ts';
import { parseHostPort } from '../../kernel/host-port.ts';
import type { CliContext } from '../context.ts';
import { CliError, EXIT, messageOf, SilentExit, UsageError } from '../errors.ts';
import { declaration, type InjectSettings } from '../inject/helpers.ts';
import { injectText, stripText } from '../inject/inject.ts';

interface InjectFlags {
  readonly file: string;
  readonly output?: string;
  readonly check?: true;
  readonly remove?: true;
  readonly services?: true;
  readonly image: string;
  readonly initImage: string;
  readonly controlPlane?: readonly ServerAddress[];
  readonly tokens?: string;
  readonly ca?: string;
  readonly egress: 'allow' | 'deny';
  readonly drainTimeout: number;
  readonly sidecarMemory?: string;
}

/** Adds the command. */
export function addInject(program: Command, context: CliContext): void {
  program
    .command('inject')
    .description(
      'print a Compose file with a sidecar beside every service (docs/inject.md); a second run changes nothing',
    )
    .requiredOption('-f, --file <file>', 'the Compose file, or - for standard input')
    .option('-o, --output <file>', 'where to write it; the same file is allowed (default: standard output)')
    .option('--check', 'write nothing, and exit with 1 when the file would change')
    .addOption(new Option('--remove', 'take out what an earlier run has put in').conflicts('services'))
    .addOption(
      new Option('--services', 'print what a control plane elsewhere has to know: for "outrider apply"').conflicts(
        'check',
      ),
    )
    .option(
      '--control-plane <addresses>',
      'of another control plane: HOST:PORT of gRPC, several separated by commas',
      addresses,
    )
    .option('--tokens <dir>', "a folder with each sidecar's token for it, in DIR/SERVICE")
    .option('--ca <file>', 'whom the sidecars trust for its certificate (default: it speaks plaintext)')
    .option('--image <image>', 'of sidecars and control plane', 'outrider')
    .option('--init-image <image>', 'of what stands around them', 'outrider-init')
    .addOption(
      new Option('--egress <word>', 'whether applications may leave the mesh')
        .choices(['allow', 'deny'])
        .default('allow'),
    )
    .option('--drain-timeout <seconds>', 'what requests in flight may take at the end', seconds, 30)
    .option('--sidecar-memory <size>', 'at most so much for each sidecar, such as 256M', size)
    .action(async (flags: InjectFlags) => inject(flags, context));
}

async function inject(flags: InjectFlags, context: CliContext): Promise<void> {
  const shownAs = flags.file === '-' ? 'standard input' : flags.file;
  const before =
    flags.file === '-' ? await context.readStdin() : readText(path.resolve(context.cwd, flags.file), shownAs);
  const after = flags.remove === true ? removed(before, shownAs) : injected(before, shownAs, flags, context);
  if (flags.check === true) {
    if (after === before) return;
    context.err(`${shownAs} would change: run "outrider inject" again\n`);
    throw new SilentExit(EXIT.failed);
  }
  if (flags.output === undefined) context.out(after);
  else writeText(path.resolve(context.cwd, flags.output), flags.output, after);
}

function injected(text: string, shownAs: string, flags: InjectFlags, context: CliContext): string {
  const result = injectText(text, shownAs, settingsOf(flags));
  if (!result.ok) throw new CliError(problemsText(result.error));
  for (const note of result.value.notes) context.err(`note: ${note}\n`);
  return flags.services === true ? declaration(result.value.plans) : result.value.text;
}

function removed(text: string, shownAs: string): string {
  const result = stripText(text, shownAs);
  if (!result.ok) throw new CliError(problemsText(result.error));
  return result.value;
}

function settingsOf(flags: InjectFlags): InjectSettings {
  const { controlPlane = null, tokens = null, ca = null, image, initImage, egress, drainTimeout } = flags;
  if (controlPlane === null && (tokens ?? ca) !== null)
    throw new UsageError('--tokens and --ca are for another control plane: say with --control-plane where it is');
  const sidecarMemory = flags.sidecarMemory ?? null;
  return { controlPlane, tokens, ca, image, initImage, egress, drainTimeoutS: drainTimeout, sidecarMemory };
}

function problemsText(problems: readonly Problem[]): string {
  const lines = problems.map(({ file, line, column, path, message, suggestion }) => {
    const meant = suggestion === undefined ? '' : `; did you mean ${suggestion}?`;
    return `${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}${meant}`;
  });
  return `nothing was injected\n${lines.join('\n')}`;
}

function readText(file: string, shownAs: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CliError(`cannot read ${shownAs}: ${messageOf(error)}`);
  }
}

function writeText(file: string, shownAs: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new CliError(`cannot write ${shownAs}: ${messageOf(error)}`);
  }
}

function addresses(text: string): ServerAddress[] {
  return text.split(',').map((each) => {
    const address = parseHostPort(each.trim());
    if (address === null || address.port === 0)
      throw new InvalidArgumentError(`"${each}" is not HOST:PORT, such as outrider:15010.`);
    return address;
  });
}

function seconds(text: string): number {
  const value = Number(text);
  if (/^\d{1,5}$/.test(text) && value <= 86_400) return value;
  throw new InvalidArgumentError('It must be a whole number of seconds from 0 to 86400.');
}

function size(text: string): string {
  if (parseBytes(text) !== null) return text;
  throw new InvalidArgumentError('It must be a size such as 256M.');
}
