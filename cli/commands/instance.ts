/**
 * `outrider instance`: what runs without a sidecar says where it is, that it is still there, and that it goes.
 */

import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import { hostPortText } from '../../kernel/host-port.ts';
import type { RegisteredInstance } from '../api-types.ts';
import type { CliContext } from '../context.ts';
import { type Format, outputOption, render } from '../format.ts';
import type { ServerOptions } from '../server-address.ts';
import { withClient, withServerOptions } from '../server-command.ts';
import { duration, table } from '../table.ts';

type Printed = ServerOptions & { readonly output: Format };

interface RegisterOptions extends Printed {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly check?: string;
  readonly checkPath?: string;
  readonly appVersion?: string;
}

interface RenewOptions extends Printed {
  readonly lease?: string;
  readonly health?: string;
  readonly reason?: string;
}

/** Adds `instance register`, `renew`, `deregister` and `list`. */
export function addInstance(program: Command, context: CliContext): void {
  const instance = program
    .command('instance')
    .description('register, renew, remove and list instances without a sidecar');
  addRegister(instance, context);
  addRenew(instance, context);
  addDeregister(instance, context);
  const list = instance.command('list').description('print all instances').addOption(outputOption());
  withServerOptions(list).action((options: Printed) =>
    withClient(options, context, async (client) => {
      context.out(render(options.output, await client.instances(), instancesTable));
    }),
  );
}

function addRegister(instance: Command, context: CliContext): void {
  const register = instance
    .command('register')
    .description('take an instance in, or continue its lease; renew it before its ttl is over')
    .argument('<id>', 'unique in the mesh, such as billing-vm-1')
    .requiredOption('--service <name>', 'the service that it belongs to')
    .requiredOption('--address <ip>', 'where sidecars reach it')
    .requiredOption('--port <number>', 'its port', whole)
    .addOption(new Option('--protocol <name>', "default: the service's").choices(['http', 'http2', 'grpc', 'tcp']))
    .option('--weight <number>', 'its share relative to the others (default: 100)', whole)
    .option('--app-version <text>', 'default: v1')
    .option('--region <text>')
    .option('--zone <text>')
    .option('--sub-zone <text>')
    .option('--metadata <key=value>', 'for subsets; may be repeated', pair)
    .option('--ttl <duration>', 'how long it is kept without a renewal (default: 30s)')
    .addOption(new Option('--health <state>', 'default: healthy').choices(['healthy', 'unhealthy']))
    .addOption(new Option('--check <kind>', 'what callers ask it').choices(['http', 'grpc', 'tcp']))
    .option('--check-path <path>', 'the same by HTTP, at this path')
    .option('--lease-id <id>', 'the lease that goes on, as an earlier registration or a conflict told it')
    .addOption(outputOption());
  withServerOptions(register).action((id: string, options: RegisterOptions) => {
    const { output, server: _server, state: _state, check, checkPath, appVersion: version, ...fields } = options;
    const asked = {
      ...(check === undefined ? {} : { kind: check }),
      ...(checkPath === undefined ? {} : { path: checkPath }),
    };
    const body = { ...fields, version, ...(Object.keys(asked).length === 0 ? {} : { check: asked }) };
    return withClient(options, context, async (client) => {
      context.out(render(output, await client.registerInstance(id, body), leaseText));
    });
  });
}

function addRenew(instance: Command, context: CliContext): void {
  const renew = instance
    .command('renew')
    .description('say that an instance is still there, and how it is')
    .argument('<id>')
    .option('--lease <id>', 'only if it is still held by this lease')
    .addOption(new Option('--health <state>', 'default: as before').choices(['healthy', 'unhealthy']))
    .option('--reason <text>', 'why it is not healthy')
    .addOption(outputOption());
  withServerOptions(renew).action((id: string, { lease: leaseId, health, reason, ...options }: RenewOptions) =>
    withClient(options, context, async (client) => {
      context.out(render(options.output, await client.renewInstance(id, { leaseId, health, reason }), leaseText));
    }),
  );
}

function addDeregister(instance: Command, context: CliContext): void {
  const remove = instance
    .command('deregister')
    .description('take an instance out; returns when its callers know, and it may be stopped')
    .argument('<id>')
    .option('--lease <id>', 'only if it is still held by this lease')
    .option('--wait <seconds>', 'how long to wait for its callers', whole, 5);
  withServerOptions(remove).action((id: string, options: ServerOptions & { lease?: string; wait: number }) =>
    withClient(options, context, async (client) => {
      const { unconfirmed } = await client.deregisterInstance(id, options.lease, options.wait);
      const late = unconfirmed.length === 0 ? '' : `; not confirmed by ${unconfirmed.join(', ')}`;
      context.out(`${id} deregistered${late}\n`);
    }),
  );
}

function leaseText({ id, leaseId, ttlMs = 0, renewWithinMs = 0, health }: RegisteredInstance): string {
  const terms = `kept for ${duration(ttlMs)}, renew within ${duration(renewWithinMs)}`;
  return `${id} is registered as ${health}: lease ${leaseId}, ${terms}\n`;
}

function instancesTable(instances: readonly RegisteredInstance[]): string {
  const columns = ['INSTANCE', 'SERVICES', 'ADDRESS', 'SIDECAR', 'HEALTH', 'STATE', 'LAST HEARD'];
  const rows = instances.map(({ id, services, address, port, sidecar, health, state, leaseAgeMs }) => [
    id,
    services.join(', '),
    hostPortText({ host: address, port }),
    sidecar ? 'yes' : 'no',
    health,
    state,
    `${duration(leaseAgeMs)} ago`,
  ]);
  return table(
    columns.map((title) => ({ title })),
    rows,
  );
}

function whole(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
}

function pair(text: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (key === undefined || value === undefined) throw new InvalidArgumentError('It must be KEY=VALUE.');
  return { ...before, [key]: value };
}
