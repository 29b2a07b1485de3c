/**
 * `outrider scale`: sets how many replicas services have.
 */
import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import type { ServerOptions } from '../server-address.ts';
import { withChangeOptions, withClient, withServerOptions } from '../server-command.ts';

/** Adds the command. */
export function addScale(program: Command, context: CliContext): void {
  const command = program
    .command('scale')
    .description('set the number of replicas')
    .argument('<service=replicas...>', 'such as catalog=3');
  withServerOptions(withChangeOptions(command)).action((targets: readonly string[], options: ServerOptions) => {
    const wanted = targets.map(parseTarget);
    return withClient(options, context, async (client) => {
      for (const { service, replicas } of wanted) {
        const result = await client.scale(service, replicas);
        context.out(`${result.service} scaled to ${result.desired}\n`);
      }
    });
  });
}

/** `catalog=3` as its two parts; a UsageError when it is anything else. */
export function parseTarget(text: string): { service: string; replicas: number } {
  const match = /^([^=]+)=(\d{1,4})$/.exec(text);
  if (match === null) throw new UsageError(`"${text}" must be a service and a number of replicas, such as catalog=3`);
  return { service: match[1]!, replicas: Number(match[2]) };
}
