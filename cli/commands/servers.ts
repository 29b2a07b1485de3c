/**
 * `outrider control-plane`, `proxy`, `sidecar`, `run` and `webhook` as the help and the suggestions know them. main.ts runs
 * them before this program is loaded, and each reads its own options.
 */
import type { Command } from 'commander';

/** Adds the commands' names and descriptions. */
export function addServers(program: Command): void {
  program.command('control-plane').description('run a control plane (--help for its options)');
  program
    .command('webhook')
    .description('inject sidecars into the pods of a Kubernetes cluster (--help for its options)');
  program.command('run').description('run an application beside its sidecar (--help for its options)');
  program
    .command('sidecar')
    .description('run the sidecar of a container, joined to a control plane (--help for its options)');
  program.command('proxy').description('run one sidecar from an Envoy bootstrap file (--help for its options)');
}
