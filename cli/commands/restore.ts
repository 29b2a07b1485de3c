/**
 * `outrider restore`: a backup in the place of everything that is there, as one revision.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import type { RestoreResult } from '../api-types.ts';
import type { CliContext } from '../context.ts';
import { CliError, messageOf } from '../errors.ts';
import type { ServerOptions } from '../server-address.ts';
import { withChangeOptions, withClient, withServerOptions } from '../server-command.ts';
import { changesText } from './apply.ts';
import { dryRunText } from './diff.ts';

type RestoreFlags = ServerOptions & { readonly dryRun?: boolean; readonly force?: boolean };

/** Adds the command. */
export function addRestore(program: Command, context: CliContext): void {
  const command = program
    .command('restore')
    .description('put a backup in the place of everything that is there; shows the difference first')
    .argument('<file>')
    .option('--dry-run', 'check the file and show what would change')
    .option('--force', 'also if something is there already');
  withServerOptions(withChangeOptions(command)).action((file: string, flags: RestoreFlags) => {
    const bytes = read(path.resolve(context.cwd, file));
    return withClient(flags, context, async (client) => {
      const expected = await client.restore(bytes, { dryRun: true });
      context.out(`${file}: ${headerText(expected)}\n${dryRunText(expected)}`);
      if (flags.dryRun === true) return;
      const result = await client.restore(bytes, { force: flags.force === true });
      if (result.changes.length === 0) context.out('nothing differs: nothing was changed\n');
      else context.out(`${changesText(result, false)}restored as revision ${result.revision}\n`);
    });
  });
}

function headerText({ backup }: RestoreResult): string {
  const { revision, takenAt, program, things, records } = backup;
  return `revision ${revision}, taken ${takenAt} by Outrider ${program}: ${things} things, ${records} changes of history`;
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new CliError(`cannot read ${file}: ${messageOf(error)}`);
  }
}
