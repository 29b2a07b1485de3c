/**
 * `outrider token create`: a token for somebody, and the line of the access file that lets them in.
 */
import { appendFileSync, closeSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { accessLine, accessNameProblem, parseAccessFile } from '../../control-plane/security/access-file.ts';
import { type Grant, ROLES } from '../../control-plane/security/roles.ts';
import { newToken, tokenDigestHex } from '../../control-plane/security/tokens.ts';
import type { CliContext } from '../context.ts';
import { CliError, messageOf, UsageError } from '../errors.ts';

interface TokenOptions {
  readonly role: Grant;
  readonly workload?: string;
  /** In milliseconds. */
  readonly expires?: number;
  readonly add?: string;
}

const GRANTS: readonly Grant[] = [...ROLES, 'workload'];
const UNITS_MS: Readonly<Record<string, number>> = { h: 3600_000, d: 24 * 3600_000 };

/** Adds the command. */
export function addToken(program: Command, context: CliContext): void {
  const token = program.command('token').description('make bearer tokens for people, programs and sidecars');
  token
    .command('create')
    .description('print a new token, once, and the line for the access file of the control plane')
    .argument('<name>', 'whose it is, as the audit log will say')
    .addOption(new Option('--role <role>', 'what it is for').choices([...GRANTS]).makeOptionMandatory())
    .option('--workload <name>', 'with --role workload: which one')
    .addOption(new Option('--expires <time>', 'how long it is good, such as 12h or 90d').argParser(parseLifetime))
    .option('--add <file>', 'also add the line to this file, which a running control plane reads within a second')
    .action((name: string, options: TokenOptions) => createToken(name, options, context));
}

function createToken(name: string, { role: grant, workload, expires, add }: TokenOptions, context: CliContext): void {
  const problem = accessNameProblem(name);
  if (problem !== undefined) throw new UsageError(problem);
  const token = newToken();
  const expiresAtMs = expires === undefined ? null : Date.now() + expires;
  const line = accessLine({ name, grant, digestHex: tokenDigestHex(token), expiresAtMs, workload: workload ?? null });
  const checked = parseAccessFile(line);
  if (!checked.ok) throw new UsageError(checked.error.join('; ').replaceAll('line 1: ', ''));
  if (add !== undefined) addLine(path.resolve(context.cwd, add), line);
  // The token alone goes to standard output, so that it can be piped into a file or a secret store.
  context.err(add === undefined ? `add this line to the access file:\n${line}\n` : `added to ${add}: ${line}\n`);
  context.out(`${token}\n`);
}

function addLine(file: string, line: string): void {
  try {
    closeSync(openSync(file, 'a', 0o600));
    const text = readFileSync(file, 'utf8');
    appendFileSync(file, `${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`);
  } catch (error) {
    throw new CliError(`cannot write ${file}: ${messageOf(error)}`);
  }
}

function parseLifetime(text: string): number {
  const [, count, unit] = /^([1-9]\d{0,4})([hd])$/.exec(text) ?? [];
  if (count !== undefined) return Number(count) * UNITS_MS[unit!]!;
  throw new InvalidArgumentError('12h and 90d are such times.');
}
