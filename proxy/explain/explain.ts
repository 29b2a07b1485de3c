/** What would become of a request: for each listener that speaks HTTP its virtual host, route, clusters and endpoints. */
import type { Route, RouteTable } from '../routing/route-table.ts';
import { clustersOf, describeAction, describeMatch } from './describe-route.ts';
import type { Question } from './question.ts';

/** An HTTP listener with the routes that are in use there; null until they have come. */
export interface AskedListener {
  readonly name: string;
  readonly table: RouteTable | null;
}

/** An endpoint, as far as it matters here. */
export interface AskedEndpoint {
  readonly key: string;
  readonly available: boolean;
  /** Why it is not picked, or what holds it back; empty for nothing. */
  readonly standing: string;
  readonly active: number;
}

/** The endpoints of a cluster by its name, or undefined when there is no such cluster. */
export type FindEndpoints = (cluster: string) => readonly AskedEndpoint[] | undefined;

/** The explanation in lines. */
export function explain(question: Question, listeners: readonly AskedListener[], find: FindEndpoints): string {
  if (listeners.length === 0) return 'no listener speaks HTTP\n';
  const lines = listeners.flatMap(({ name, table }) => [
    `listener ${name}`,
    ...indented(atListener(question, table, find)),
  ]);
  return lines.map((line) => `${line}\n`).join('');
}

function atListener(question: Question, table: RouteTable | null, find: FindEndpoints): string[] {
  if (table === null) return ['its routes have not come yet: 404'];
  const host = table.virtualHostOf(question);
  if (host === null) return [`no virtual host has the domain ${question.authority}: 404`];
  const route = table.match(question);
  if (route === null)
    return [`virtual host ${host.name}: none of its ${host.routes.length} routes takes the request: 404`];
  const number = host.routes.indexOf(route.config) + 1;
  return [
    `virtual host ${host.name}`,
    `route ${number} of ${host.routes.length}${route.config.name === '' ? '' : `, ${route.config.name}`}: ${describeMatch(route.config)}`,
    ...indented(describeAction(route.config.action)),
    ...targets(route, find),
  ];
}

function targets({ config }: Route, find: FindEndpoints): string[] {
  return clustersOf(config.action).flatMap((name) => {
    const endpoints = find(name);
    if (endpoints === undefined) return [`cluster ${name} does not exist`];
    const available = endpoints.filter((each) => each.available).length;
    return [
      `cluster ${name}: ${available} of ${endpoints.length} endpoints in rotation`,
      ...indented(
        endpoints.map(({ key, standing, active }) => `${key} ${standing || 'in rotation'}, ${active} in flight`),
      ),
    ];
  });
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `    ${line}`);
}
