/**
 * Of several control planes one leads. The others answer what they know by themselves, and send the rest to the leader.
 *
 *   read of the desired state ─► is it the latest? ─► answer, or answer with its age      anything else ─► 307 to the leader
 */
import type { FastifyInstance } from 'fastify';
import type { Leadership } from '../leadership/leadership.ts';
import { ApiError } from './errors.ts';

/** What is about the control plane that is asked, or about the desired state, which every one follows. */
const EVERYWHERE: ReadonlySet<string> = new Set([
  'GET /healthz',
  'GET /readyz',
  'GET /metrics',
  'GET /openapi.json',
  'GET /v1/audit',
  'POST /v1/shutdown',
]);

/** Reads of the desired state. */
const STATE = /^GET \/v1\/(resources|config|history|diff|backup)\b/;

/** How old an answer may be, in seconds, when nobody can say that it is the latest. Absent: it is. */
export const STALE_HEADER = 'x-outrider-stale';

/** Adds it in front of every route that is added after it. */
export function addLeaderDoor(server: FastifyInstance, leadership: Leadership): void {
  if (!leadership.shared) return;
  server.addHook('onRequest', async (request, reply) => {
    if (leadership.role !== 'following') return;
    const route = routeOf(request);
    if (route === undefined || EVERYWHERE.has(route) || STATE.test(route)) return;
    const { leader } = leadership;
    if (leader === null) {
      // Who leads is known again within seconds; until then the status tells that nobody does.
      if (route === 'GET /v1/status') return;
      reply.header('retry-after', 1);
      throw new ApiError('unavailable', 'no control plane leads at the moment: nothing was applied, try again', [], {
        applied: false,
      });
    }
    reply.header('location', leader.http + request.url);
    const message = `this control plane follows: ask the leader, ${leader.http}; nothing was applied here`;
    throw new ApiError('not_leader', message, [], { leader: leader.http, applied: false });
  });
  server.addHook('preHandler', async (request, reply) => {
    if (!STATE.test(routeOf(request) ?? '')) return;
    const ageMs = await leadership.confirm();
    if (ageMs > 0) reply.header(STALE_HEADER, (ageMs / 1000).toFixed(1));
  });
}

function routeOf({
  method,
  routeOptions,
}: {
  readonly method: string;
  readonly routeOptions: { readonly url?: string | undefined };
}): string | undefined {
  return routeOptions.url === undefined ? undefined : `${method === 'HEAD' ? 'GET' : method} ${routeOptions.url}`;
}
