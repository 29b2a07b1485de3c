/**
 * The command line: every command with its options, and what becomes of a mistake in it.
 */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { addApply } from './commands/apply.ts';
import { addAudit } from './commands/audit.ts';
import { addBackup } from './commands/backup.ts';
import { addBootstrap } from './commands/bootstrap.ts';
import { addConfig } from './commands/config.ts';
import { addDelete } from './commands/delete.ts';
import { addDiff } from './commands/diff.ts';
import { addExplain } from './commands/explain.ts';
import { addGet } from './commands/get.ts';
import { addHistory } from './commands/history.ts';
import { addInject } from './commands/inject.ts';
import { addInstance } from './commands/instance.ts';
import { addIntercept } from './commands/intercept.ts';
import { addKubernetes } from './commands/kubernetes.ts';
import { addRestore } from './commands/restore.ts';
import { addRollback } from './commands/rollback.ts';
import { addRun } from './commands/run.ts';
import { addScale } from './commands/scale.ts';
import { addServers } from './commands/servers.ts';
import { addStatus } from './commands/status.ts';
import { addToken } from './commands/token.ts';
import { addUp } from './commands/up.ts';
import { addXds } from './commands/xds.ts';
import type { CliContext } from './context.ts';
import { CliError, EXIT, SilentExit } from './errors.ts';

/** Runs a command line; prints what there is to print, also errors, and resolves with the exit code. */
export async function runCommand(argv: readonly string[], context: CliContext): Promise<number> {
  const program = createProgram(context);
  try {
    if (argv.length === 0) program.help({ error: true });
    await program.parseAsync([...argv], { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    // Commander has printed its own message, with the nearest valid name, by the time it throws.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (!(error instanceof CliError)) throw error;
    if (!(error instanceof SilentExit)) context.err(`error: ${error.message}\n`);
    return error.exitCode;
  }
}

function createProgram(context: CliContext): Command {
  const program = new Command('outrider')
    .description('A sidecar service mesh: one small proxy beside every process, one small control plane.')
    .version(version())
    .showHelpAfterError('(add --help for what there is)')
    .configureOutput({ writeOut: context.out, writeErr: context.err })
    .exitOverride();
  addUp(program, context);
  addApply(program, context);
  addDiff(program, context);
  addGet(program, context);
  addDelete(program, context);
  addStatus(program, context);
  addXds(program, context);
  addExplain(program, context);
  addScale(program, context);
  addInstance(program, context);
  addRun(program, context);
  addConfig(program, context);
  addToken(program, context);
  addAudit(program, context);
  addHistory(program, context);
  addRollback(program, context);
  addBackup(program, context);
  addRestore(program, context);
  addIntercept(program, context);
  addKubernetes(program, context);
  addInject(program, context);
  addBootstrap(program, context);
  addServers(program);
  return program;
}

function version(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
