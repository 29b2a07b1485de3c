/**
 * `outrider rollback`: everything as it was at a revision, as a new one.
 */
import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import type { ServerOptions } from '../server-address.ts';
import { withChangeOptions, withClient, withServerOptions } from '../server-command.ts';
import { changesText } from './apply.ts';
import { dryRunText } from './diff.ts';
import { parseRevision } from './history.ts';

type RollbackFlags = ServerOptions & { readonly dryRun?: boolean; readonly force?: boolean };

/** Adds the command. */
export function addRollback(program: Command, context: CliContext): void {
  const command = program
    .command('rollback')
    .description('put everything back as it was at a revision; that is a new revision')
    .argument('<revision>', 'see "outrider history"')
    .option('--dry-run', 'check it and show what would change')
    .option('--force', 'also if more than half of a kind goes');
  withServerOptions(withChangeOptions(command)).action((text: string, flags: RollbackFlags) => {
    const revision = parseRevision(text);
    const dryRun = flags.dryRun === true;
    return withClient(flags, context, async (client) => {
      const result = await client.rollback(revision, { dryRun, force: flags.force === true });
      if (dryRun) context.out(dryRunText(result));
      else if (result.changes.length === 0) context.out(`nothing differs from revision ${revision}\n`);
      else context.out(`${changesText(result, false)}revision ${result.revision} is as ${revision} was\n`);
    });
  });
}
