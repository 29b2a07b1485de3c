/**
 * `outrider backup`: everything that was written, with its history, in one file.
 */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { CliError, messageOf } from '../errors.ts';
import type { ServerOptions } from '../server-address.ts';
import { withClient, withServerOptions } from '../server-command.ts';

/** Whoever may read a backup knows all settings. */
const OWNER_ONLY = 0o600;

/** Adds the command. */
export function addBackup(program: Command, context: CliContext): void {
  const command = program
    .command('backup')
    .description('write everything that was applied and set, with its history, to one file')
    .argument('<file>');
  withServerOptions(command).action((file: string, options: ServerOptions) =>
    withClient(options, context, async (client) => {
      const bytes = await client.backup();
      const target = path.resolve(context.cwd, file);
      writeWhole(target, bytes);
      context.out(`${file}: ${bytes.length} bytes\n`);
    }),
  );
}

/** Whoever looks sees what was there before, or all of the new file; it is on disk when this returns. */
function writeWhole(file: string, bytes: Uint8Array): void {
  const draft = `${file}.new`;
  try {
    rmSync(draft, { force: true });
    const handle = openSync(draft, 'wx', OWNER_ONLY);
    try {
      for (let written = 0; written < bytes.length; ) written += writeSync(handle, bytes, written);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw new CliError(`cannot write ${file}: ${messageOf(error)}`);
  }
}
