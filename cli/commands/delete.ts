/**
 * `outrider delete`: takes a workload, a route, a policy or a route test out of the mesh.
 */
import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { parseKind } from '../kinds.ts';
import type { ServerOptions } from '../server-address.ts';
import { withChangeOptions, withClient, withServerOptions } from '../server-command.ts';

/** Adds the command. */
export function addDelete(program: Command, context: CliContext): void {
  const command = program
    .command('delete')
    .description('delete a workload, a route, a policy or a route test')
    .argument('<kind>')
    .argument('<name>');
  withServerOptions(withChangeOptions(command)).action((kindName: string, name: string, options: ServerOptions) => {
    const kind = parseKind(kindName);
    if (kind === 'service') throw new UsageError('a service goes with its workloads: delete those');
    return withClient(options, context, async (client) => {
      await client.deleteResource(kind, name);
      context.out(`${kind}/${name} deleted\n`);
    });
  });
}
