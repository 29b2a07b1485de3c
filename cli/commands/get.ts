/**
 * `outrider get`: what the control plane keeps (workloads, routes, policies) and what it sees (services).
 */
import type { Command } from 'commander';
import type { Client } from '../api-client.ts';
import type { InstanceView, RouteView, ServiceView, WorkloadView } from '../api-types.ts';
import type { CliContext } from '../context.ts';
import { type Format, outputOption, render } from '../format.ts';
import { type Kind, parseKind } from '../kinds.ts';
import type { ServerOptions } from '../server-address.ts';
import { withClient, withServerOptions } from '../server-command.ts';
import { duration, table } from '../table.ts';
import {
  type FaultPolicyView,
  faultPoliciesTable,
  type RouteTestView,
  routeTestsTable,
  type TrafficPolicyView,
  trafficPoliciesTable,
} from './policy-tables.ts';
import { servicesTable } from './status.ts';

type GetOptions = ServerOptions & { readonly output: Format };

/** Adds the command. */
export function addGet(program: Command, context: CliContext): void {
  const command = program
    .command('get')
    .description('print workloads, routes, policies, route tests or services, all or the one of that name')
    .argument('<kind>')
    .argument('[name]')
    .addOption(outputOption());
  withServerOptions(command).action((kindName: string, name: string | undefined, options: GetOptions) => {
    const kind = parseKind(kindName);
    return withClient(options, context, async (client) =>
      context.out(await getText(client, kind, name, options.output)),
    );
  });
}

async function getText(client: Client, kind: Kind, name: string | undefined, format: Format): Promise<string> {
  switch (kind) {
    case 'service':
      if (name === undefined) return render(format, await client.services(), servicesTable);
      return render(format, await client.service(name), serviceText);
    case 'workload':
      return render(format, await resources<WorkloadView>(client, kind, name), (value) =>
        workloadsTable(asList(value)),
      );
    case 'httproute':
    case 'grpcroute':
    case 'tcproute':
      return render(format, await resources<RouteView>(client, kind, name), (value) =>
        routesTable(kind.toUpperCase(), asList(value)),
      );
    case 'trafficpolicy':
      return render(format, await resources<TrafficPolicyView>(client, kind, name), (value) =>
        trafficPoliciesTable(asList(value)),
      );
    case 'faultpolicy':
      return render(format, await resources<FaultPolicyView>(client, kind, name), (value) =>
        faultPoliciesTable(asList(value)),
      );
    case 'routetest':
      return render(format, await resources<RouteTestView>(client, kind, name), (value) =>
        routeTestsTable(asList(value)),
      );
    default:
      return kind satisfies never;
  }
}

/** One service with its instances. */
export function serviceText(service: ServiceView): string {
  return `${servicesTable([service])}\n${instancesTable(service.instances)}`;
}

function instancesTable(instances: readonly InstanceView[]): string {
  const columns = ['INSTANCE', 'ADDRESS', 'VERSION', 'HEALTH', 'STATE', 'LAST HEARD'].map((title) => ({ title }));
  const rows = instances.map(({ id, address, port, version, health, state, leaseAgeMs }) => {
    return [
      id,
      `${address}:${port}`,
      version ?? '',
      health.toLowerCase(),
      state.toLowerCase(),
      `${duration(leaseAgeMs)} ago`,
    ];
  });
  return table(columns, rows);
}

function workloadsTable(workloads: readonly WorkloadView[]): string {
  const columns = ['WORKLOAD', 'SERVICES', 'VERSION', 'REPLICAS', 'COMMAND'].map((title) => ({ title }));
  const rows = workloads.map(({ name, services, version, replicas, command }) => {
    return [name, services.join(', '), version, String(replicas), command.join(' ')];
  });
  return table(columns, rows);
}

function routesTable(title: string, routes: readonly RouteView[]): string {
  const rows = routes.map(({ name, parents, rules }) => [name, parents.join(', '), rules.map(backends).join('; ')]);
  return table([{ title }, { title: 'FOR' }, { title: 'BACKENDS (WEIGHT)' }], rows);
}

function backends(rule: RouteView['rules'][number]): string {
  return rule.backends.map(({ service, weight }) => `${service} (${weight})`).join(', ');
}

async function resources<T>(client: Client, kind: string, name: string | undefined): Promise<T | readonly T[]> {
  return (await client.resources(kind, name)) as T | readonly T[];
}

function asList<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? value : [value as T];
}
