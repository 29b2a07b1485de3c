/**
 * What all commands share that ask a control plane.
 */
import type { Command } from 'commander';
import { accessTo } from './access.ts';
import { Client } from './api-client.ts';
import type { CliContext } from './context.ts';
import { type ServerOptions, serverAddress } from './server-address.ts';

/** Adds --server, --state, and what proves and verifies, to a command. */
export function withServerOptions(command: Command): Command {
  return command
    .option('-s, --server <address>', 'the control plane (default: OUTRIDER_SERVER, then the one of --state)')
    .option('--state <dir>', 'a state directory whose control plane to ask', undefined)
    .option('--token-file <file>', 'the token to show (default: OUTRIDER_TOKEN, then the one of --state)')
    .option('--ca <file>', 'whom to trust for the certificate of the control plane')
    .option('--cert <file>', 'a client certificate to show, with --key')
    .option('--key <file>', 'its key');
}

/** Adds --message to a command that changes something. */
export function withChangeOptions(command: Command): Command {
  return command.option('-m, --message <text>', 'why, for the history');
}

/** Runs `work` with a client of the control plane that the options name, and closes the client after it. */
export async function withClient<T>(
  options: ServerOptions,
  context: CliContext,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const address = serverAddress(options, context);
  const { dispatcher, token } = accessTo(address, options, context);
  const client = new Client(address, dispatcher, token);
  client.speakFor(context.user, options.message);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}
