/**
 * `outrider xds [CLIENT]`: what xDS clients were sent, what they took in and what they refused.
 */
import type { Command } from 'commander';
import type { XdsClientSummary, XdsClientView, XdsResourceView } from '../api-types.ts';
import type { CliContext } from '../context.ts';
import { type Format, outputOption, render } from '../format.ts';
import type { ServerOptions } from '../server-address.ts';
import { withClient, withServerOptions } from '../server-command.ts';
import { table } from '../table.ts';

type XdsOptions = ServerOptions & { readonly output: Format };

/** Adds the command. */
export function addXds(program: Command, context: CliContext): void {
  const command = program
    .command('xds')
    .description('show what xDS clients were sent, took in and refused: all of them, or one with every resource')
    .argument('[client]', 'node id, as in the first column')
    .addOption(outputOption());
  withServerOptions(command).action((id: string | undefined, options: XdsOptions) =>
    withClient(options, context, async (client) =>
      context.out(
        id === undefined
          ? render(options.output, await client.xdsClients(), summaryTable)
          : render(options.output, await client.xdsClient(id), clientText),
      ),
    ),
  );
}

/** One line per stream; each kind as `12 synced, 1 error`. */
export function summaryTable(clients: readonly XdsClientSummary[]): string {
  const rows = clients.map(({ id, userAgent, protocol, kinds }) => [
    id,
    userAgent ?? '',
    protocol,
    Object.entries(kinds)
      .map(([kind, counts]) => `${kind} ${countsText(counts)}`)
      .join('; '),
  ]);
  return table(
    ['CLIENT', 'PROGRAM', 'PROTOCOL', 'RESOURCES'].map((title) => ({ title })),
    rows,
  );
}

function countsText(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([state, count]) => `${count} ${stateText(state)}`)
    .join(', ');
}

/** Every resource, and in full below why some were refused. */
export function clientText({ streams }: XdsClientView): string {
  const all = streams.flatMap(({ resources }) => resources);
  const rows = all.map(({ kind, name, status, exists, version, sentAt }) => [
    kind,
    name,
    exists || status === 'STALE' ? stateText(status) : stateText('UNKNOWN_NAME'),
    version,
    sentAt ?? '',
  ]);
  const resources = table(
    ['KIND', 'NAME', 'STATUS', 'VERSION', 'SENT'].map((title) => ({ title })),
    rows,
  );
  const refusals = all.flatMap(refusalLine);
  return refusals.length === 0 ? resources : `${resources}\n${refusals.join('')}`;
}

function refusalLine({ kind, name, error }: XdsResourceView): string[] {
  return error === undefined ? [] : [`${kind} ${name} was refused at ${error.at}: ${error.message}\n`];
}

function stateText(state: string): string {
  return state.toLowerCase().replaceAll('_', ' ');
}
