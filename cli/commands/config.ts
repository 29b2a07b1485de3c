/**
 * `outrider config`: reads and changes the settings that the mesh hands to a workload while it runs.
 */
import type { Command } from 'commander';
import type { ConfigView } from '../api-types.ts';
import type { CliContext } from '../context.ts';
import { type Format, outputOption, render } from '../format.ts';
import type { ServerOptions } from '../server-address.ts';
import { withChangeOptions, withClient, withServerOptions } from '../server-command.ts';

/** Adds `config set`, `config get` and `config delete`. */
export function addConfig(program: Command, context: CliContext): void {
  const config = program.command('config').description("read and change a workload's settings, without a restart");

  const set = config
    .command('set')
    .description('set one key')
    .argument('<workload>')
    .argument('<key>')
    .argument('<value>');
  withServerOptions(withChangeOptions(set)).action(
    (workload: string, key: string, value: string, options: ServerOptions) =>
      withClient(options, context, async (client) => {
        await client.setConfig(workload, key, value);
        context.out(`${workload}: ${key} set\n`);
      }),
  );

  const get = config.command('get').description('print all keys, or one').argument('<workload>').argument('[key]');
  get.addOption(outputOption());
  withServerOptions(get).action(
    (workload: string, key: string | undefined, options: ServerOptions & { readonly output: Format }) =>
      withClient(options, context, async (client) => {
        context.out(render(options.output, await client.config(workload, key), configText));
      }),
  );

  const remove = config.command('delete').description('remove one key').argument('<workload>').argument('<key>');
  withServerOptions(withChangeOptions(remove)).action((workload: string, key: string, options: ServerOptions) =>
    withClient(options, context, async (client) => {
      await client.deleteConfig(workload, key);
      context.out(`${workload}: ${key} deleted\n`);
    }),
  );
}

/** One `KEY=value` line per entry, sorted by key. */
export function configText(view: ConfigView): string {
  return Object.entries(view.entries)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}
