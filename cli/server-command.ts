/**
 * What all commands share that ask a control plane.
 */
import type { Command } from 'commander';
import { Client } from './api-client.ts';
import type { CliContext } from './context.ts';
import { type ServerOptions, serverAddress } from './server-address.ts';

/** Adds --server and --state to a command. */
export function withServerOptions(command: Command): Command {
  return command
    .option('-s, --server <address>', 'the control plane (default: OUTRIDER_SERVER, then the one of --state)')
    .option('--state <dir>', 'a state directory whose control plane to ask', undefined);
}

/** Runs `work` with a client of the control plane that the options name, and closes the client after it. */
export async function withClient<T>(
  options: ServerOptions,
  context: CliContext,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client(serverAddress(options, context), context.dispatcher);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}
