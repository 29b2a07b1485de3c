/**
 * The one table of what each route of the REST API asks for. A route that is not in it asks for `administer`, and fails
 * the test that compares the table with the server's routes.
 */
import { ROLES, type Role } from './roles.ts';

/** What a route asks for: a role, nothing at all, or what the query makes of it. */
type Need = Role | 'nothing' | ((query: Query) => Role);

type Query = Readonly<Record<string, unknown>>;

/** By method and path as the server knows them. HEAD asks for what GET does. */
const NEEDS: Readonly<Record<string, Need>> = {
  // Whoever restarts a control plane that is not well has no credential. Neither tells anything of the mesh.
  'GET /healthz': 'nothing',
  'GET /readyz': 'nothing',
  // Names of workloads and how they fare are nobody else's business: Prometheus gets a token of its own.
  'GET /metrics': 'read',
  'GET /v1/prometheus/targets': 'read',
  'GET /openapi.json': 'read',
  'GET /v1/status': 'read',
  'GET /v1/clients': 'read',
  'GET /v1/clients/:id': 'read',
  'GET /v1/load-stats': 'read',
  'GET /v1/services': 'read',
  'GET /v1/services/:name': 'read',
  'GET /v1/services/:name/endpoints': 'read',
  'GET /v1/instances': 'read',
  // Who may say where traffic goes may do as much as whoever routes it.
  'PUT /v1/instances/:id': 'operate',
  'POST /v1/instances/:id/renew': 'operate',
  'DELETE /v1/instances/:id': 'operate',
  'GET /v1/resources/:kind': 'read',
  'GET /v1/resources/:kind/:name': 'read',
  'GET /v1/config/:workload': 'read',
  'GET /v1/config/:workload/:key': 'read',
  'GET /v1/logs/:workload': 'read',
  'POST /v1/apply': changing,
  'GET /v1/history': 'read',
  'GET /v1/history/:revision': 'read',
  'POST /v1/history/:revision/rollback': changing,
  'GET /v1/diff': 'read',
  // Everything at once, out or in.
  'GET /v1/backup': 'administer',
  'POST /v1/restore': 'administer',
  'PUT /v1/resources/:kind/:name': 'operate',
  'DELETE /v1/resources/:kind/:name': 'operate',
  'PUT /v1/services/:name/scale': 'operate',
  'POST /v1/services/:name/start': 'operate',
  'POST /v1/services/:name/stop': 'operate',
  'POST /v1/services/:name/restart': 'operate',
  'POST /v1/services/:name/upgrade': 'operate',
  'PUT /v1/config/:workload/:key': 'operate',
  'DELETE /v1/config/:workload/:key': 'operate',
  'GET /v1/audit': 'administer',
  'POST /v1/shutdown': 'administer',
};

/** What a request to this route needs; undefined: nothing. `route` is undefined where there is none. */
export function neededRole(method: string, route: string | undefined, query: Query): Role | undefined {
  // What does not exist is told to those who may look.
  if (route === undefined) return ROLES[0];
  const need = NEEDS[routeKey(method, route)] ?? 'administer';
  if (need === 'nothing') return undefined;
  return typeof need === 'function' ? need(query) : need;
}

/** Whether the table has the route. */
export function hasRole(method: string, route: string): boolean {
  return routeKey(method, route) in NEEDS;
}

/** Every route of the table, as `METHOD /path`. */
export function routesWithRole(): readonly string[] {
  return Object.keys(NEEDS);
}

function routeKey(method: string, route: string): string {
  return `${method === 'HEAD' ? 'GET' : method} ${route}`;
}

/** A dry run only looks, and whoever insists on deleting most of a kind needs more. */
function changing({ dryRun, force }: Query): Role {
  if (isYes(dryRun) && (isYes(force) || isNot(force))) return 'read';
  return isNot(force) ? 'operate' : 'administer';
}

/** What is surely yes, and what is surely no: anything between asks for more. */
function isYes(value: unknown): boolean {
  return value === '1' || value === 'true';
}

function isNot(value: unknown): boolean {
  return value === undefined || value === '0' || value === 'false';
}
