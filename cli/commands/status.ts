/**
 * `outrider status`: is the mesh as it should be, and if not, where not.
 */
import type { Command } from 'commander';
import type { Client } from '../api-client.ts';
import type { LeadershipView, NodeView, OpenBreakerView, ServiceView, StatusView } from '../api-types.ts';
import type { CliContext } from '../context.ts';
import { type Format, outputOption, render } from '../format.ts';
import type { ServerOptions } from '../server-address.ts';
import { withClient, withServerOptions } from '../server-command.ts';
import { duration, table } from '../table.ts';

/** Everything that the command prints. */
export interface MeshStatus extends StatusView {
  readonly serviceViews: readonly ServiceView[];
}

/** Adds the command. */
export function addStatus(program: Command, context: CliContext): void {
  const command = program
    .command('status')
    .description('show services, and which sidecars have what configuration')
    .addOption(outputOption());
  withServerOptions(command).action((options: ServerOptions & { readonly output: Format }) =>
    withClient(options, context, async (client) => {
      context.out(render(options.output, await meshStatus(client), statusText));
    }),
  );
}

/** Services first, then sidecars; why instances are not well, and refused configurations, are told in full below. */
export function statusText(status: MeshStatus): string {
  const head = `Outrider ${status.version}, up ${duration(status.uptimeMs)}, revision ${status.revision}\n${leadershipLine(status)}`;
  const refused = [...unwell(status.serviceViews), ...refusals(status.nodes)].map((line) => `${line}\n`);
  const parts = [head, servicesTable(status.serviceViews), nodesTable(status.nodes)];
  const open = status.openBreakers.map((each) => `${breakerLine(each)}\n`);
  return [
    ...parts,
    ...[refused, open, behindLine(status)].filter((lines) => lines.length > 0).map((lines) => lines.join('')),
  ].join('\n');
}

function leadershipLine({ leadership }: { readonly leadership?: LeadershipView }): string {
  if (leadership === undefined) return '';
  const { role, leader, members } = leadership;
  const all = `${members.length} control planes: ${members.map(({ http }) => http).join(', ')}`;
  if (role === 'adrift')
    return `the store does not answer: what is shown is what was last known, and nothing can be changed\n`;
  return leader === null ? `no control plane leads at the moment, of ${all}\n` : `${leader.http} leads ${all}\n`;
}

function breakerLine({ name, open, callers, sinceMs }: OpenBreakerView): string {
  return `request breaker ${name} is held open: ${open} of ${callers} callers have opened theirs, for ${duration(sinceMs)}`;
}

/** One line per service: READY is ready of desired. */
export function servicesTable(services: readonly ServiceView[]): string {
  const rows = services.map(({ name, replicas, instances }) => [
    name,
    `${replicas.ready}/${replicas.desired}`,
    String(replicas.running),
    [...new Set(instances.map((instance) => instance.version ?? ''))].filter((version) => version !== '').join(', '),
  ]);
  return table([{ title: 'SERVICE' }, { title: 'READY' }, { title: 'RUNNING' }, { title: 'VERSIONS' }], rows);
}

async function meshStatus(client: Client): Promise<MeshStatus> {
  const [status, serviceViews] = await Promise.all([client.status(), client.services()]);
  return { ...status, serviceViews };
}

function nodesTable(nodes: readonly NodeView[]): string {
  const columns = ['SIDECAR', 'CONNECTED', 'VERSION', 'CONFIGURATION'].map((title) => ({ title }));
  const rows = nodes.map((node) => [node.id, node.connected ? 'yes' : 'no', versionOf(node), configuration(node)]);
  return table(columns, rows);
}

function versionOf({ version = '', behind = false }: NodeView): string {
  return behind ? `${version || 'unknown'} (behind)` : version;
}

/** What to do about sidecars of another version; empty when there are none. */
function behindLine({ nodes, version }: StatusView): string[] {
  const count = nodes.filter(({ behind }) => behind).length;
  if (count === 0) return [];
  const sidecars = count === 1 ? '1 sidecar is' : `${count} sidecars are`;
  return [`${sidecars} not of version ${version}: "outrider upgrade" replaces those that run here in place\n`];
}

/** One word when all is well: the reader looks for the line that differs. */
function configuration(node: NodeView): string {
  if (!node.connected) return 'unknown';
  const types = Object.entries(node.types);
  const refused = types.filter(([, type]) => type.nacked !== undefined).map(([name]) => name);
  const pending = types.filter(([, type]) => !type.acked && type.nacked === undefined).map(([name]) => name);
  if (refused.length > 0) return `refused ${refused.join(', ')}`;
  return pending.length > 0 ? `waiting for ${pending.join(', ')}` : 'accepted';
}

/** One sentence per instance that is not well. An instance may stand behind several services. */
export function unwell(services: readonly ServiceView[]): string[] {
  const lines = services.flatMap(({ instances }) =>
    instances.flatMap(({ id, health, healthReason }) =>
      healthReason === undefined ? [] : [`${id} is ${health.toLowerCase()}: ${healthReason}`],
    ),
  );
  return [...new Set(lines)];
}

/** One sentence per refused configuration. */
export function refusals(nodes: readonly NodeView[]): string[] {
  return nodes.flatMap(({ id, types }) =>
    Object.entries(types).flatMap(([name, { nacked }]) =>
      nacked === undefined ? [] : [`${id} refused ${name}: ${nacked.message}`],
    ),
  );
}
