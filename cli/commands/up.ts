/**
 * `outrider up`: a whole mesh from one command, stopped by Ctrl-C.
 */
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import type { CliContext } from '../context.ts';
import { DEFAULT_STATE_DIR } from '../state-dir.ts';
import { runUp } from '../up/run.ts';
import { type SecurityFlags, securityArguments, withSecurityFlags } from '../up/security-flags.ts';
import { atLeastOne, collect } from './apply.ts';

interface UpFlags extends SecurityFlags {
  readonly file?: readonly string[];
  readonly state: string;
  readonly demo?: boolean;
  readonly http?: string;
  readonly grpc?: string;
  readonly waitTimeout: number;
  readonly force?: boolean;
}

/** Adds the command. */
export function addUp(program: Command, context: CliContext): void {
  const command = program
    .command('up')
    .description('run the workloads of Compose files here, each beside its sidecar, and show their traffic')
    .option('-f, --file <file>', 'a Compose file or a file of routes; may be repeated, applied in order', collect)
    .option('--state <dir>', 'where the mesh keeps its state and logs', DEFAULT_STATE_DIR)
    .option('--demo', "also run the example's load script, and tell what to try")
    .option('--http <address>', 'where REST answers (default: 127.0.0.1:15080, or as before on this state directory)')
    .option('--grpc <address>', 'where sidecars connect (default: 127.0.0.1:15010, or as before)')
    .option('--force', 'apply the files also if more than half of a kind goes')
    .option('--wait-timeout <seconds>', 'give up when the workloads are not ready by then', seconds, 120);
  withSecurityFlags(command).action((flags: UpFlags) =>
    runUp({ ...flags, files: atLeastOne(flags.file, '--file'), securityArguments: securityArguments(flags) }, context),
  );
}

function seconds(value: string): number {
  const number = Number(value);
  if (Number.isFinite(number) && number > 0) return number;
  throw new InvalidArgumentError('It must be a number of seconds above 0.');
}
