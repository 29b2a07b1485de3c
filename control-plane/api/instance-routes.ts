/**
 * /v1/instances: registration of what runs without a sidecar (VMs, legacy programs), and who is there.
 *
 *   PUT :id ──► lease ──► POST :id/renew, before its ttl is over ──► DELETE :id
 *
 * An answer is given when what it says is written down: a control plane that is started again knows it.
 */
import { randomUUID } from 'node:crypto';
import { replicaId } from '../orchestrator/plan.ts';
import type { Health, Instance, InstanceCheck } from '../registry/instance.ts';
import type { RegisterRefusal } from '../registry/leases.ts';
import type { ApiContext, Routes } from './context.ts';
import { ApiError } from './errors.ts';
import { type InstanceBody, instanceBody, readInstance } from './instance-body.ts';
import { anySchema, errorSchema, listSchema, namedBy } from './schemas.ts';
import { instanceView } from './views.ts';

interface Named {
  readonly id: string;
}

interface RenewBody {
  readonly leaseId?: string;
  readonly health?: Exclude<Health, 'unknown'>;
  readonly reason?: string;
}

/** A lease is renewed so often within its time. */
const RENEWALS_PER_TTL = 3;

/** See the head of this file. */
export const instanceRoutes: Routes = (server, context) => {
  const { registry, clock } = context;
  const list = { summary: 'All instances, with and without a sidecar.', response: { 200: listSchema } };
  server.get('/v1/instances', { schema: list }, () =>
    registry.view().instances.map((instance) => instanceView(instance, clock.nowMs(), context)),
  );

  const params = namedBy('id');
  const refusals = { 404: errorSchema, 409: errorSchema, 422: errorSchema, 503: errorSchema };
  const put = {
    summary: 'Registers an instance that has no sidecar, or continues its lease.',
    params,
    body: instanceBody,
    response: { 200: anySchema, 201: anySchema, ...refusals },
  };
  server.put<{ Params: Named; Body: InstanceBody }>('/v1/instances/:id', { schema: put }, async (request, reply) => {
    const { id } = request.params;
    const before = registry.get(id);
    const instance = register(id, request.body, context);
    await registry.saved();
    return reply.code(before?.leaseId === instance.leaseId ? 200 : 201).send(leaseView(instance, context));
  });

  const renew = {
    summary: 'Renews a lease; may tell a change of health.',
    params,
    body: {
      type: 'object',
      additionalProperties: false,
      properties: {
        leaseId: { type: 'string', maxLength: 256 },
        health: { type: 'string', enum: ['healthy', 'unhealthy'], description: 'As before where it is not said.' },
        reason: { type: 'string', maxLength: 1000, description: 'Why it is not healthy.' },
      },
    },
    response: { 200: anySchema, ...refusals },
  };
  server.post<{ Params: Named; Body: RenewBody }>('/v1/instances/:id/renew', { schema: renew }, ({ params, body }) => {
    const instance = heldByRenewals(params.id, body.leaseId, context);
    const { health = instance.health, reason } = body;
    const why = health === 'healthy' ? '' : (reason ?? instance.healthReason);
    registry.heartbeat(params.id, instance.leaseId, health, why);
    return leaseView(registry.get(params.id)!, context);
  });

  const remove = {
    summary:
      'Takes an instance out for good; `wait` answers when every caller has taken that in, after so many seconds at most.',
    params,
    querystring: {
      type: 'object',
      additionalProperties: false,
      properties: {
        leaseId: { type: 'string', maxLength: 256 },
        wait: { type: 'string', pattern: '^[0-9]{1,2}$', description: 'Seconds; not at all by default.' },
      },
    },
    response: { 200: anySchema, ...refusals },
  };
  server.delete<{ Params: Named; Querystring: { leaseId?: string; wait?: string } }>(
    '/v1/instances/:id',
    { schema: remove },
    async ({ params: { id }, query }) => {
      const { leaseId } = heldByRenewals(id, query.leaseId, context);
      registry.drain(id, 'deregistered');
      const late = query.wait === undefined ? [] : (await context.settle(Number(query.wait) * 1000)).pending;
      // Somebody may have taken the name since.
      if (registry.get(id)?.leaseId === leaseId) registry.remove(id);
      await registry.saved();
      return { id, leaseId, removed: true, unconfirmed: late.map(({ nodeId }) => nodeId) };
    },
  );
};

function register(id: string, body: InstanceBody, context: ApiContext): Instance {
  const { registry, ledger, replicas } = context;
  if (replicas().some(({ workload, index }) => replicaId(workload, index) === id))
    throw new ApiError('refused', `"${id}" is the name of a replica that this control plane runs: choose another`);
  const { identity, renewal, health } = readInstance(id, body, ledger.state);
  checkAgreement(id, identity.services[0]!, renewal.check, context);
  // Who comes back to the same place without its lease is the same one, restarted.
  const before = registry.get(id);
  if (before?.state === 'draining')
    throw new ApiError('refused', `"${id}" is being taken out: register when it is gone`);
  const isSame =
    before?.renewal != null &&
    `${identity.address} ${identity.port}` === `${before.identity.address} ${before.identity.port}`;
  const leaseId = body.leaseId ?? (isSame ? before.leaseId : '');
  if (body.leaseId !== undefined && before?.leaseId !== body.leaseId) throw expired(id, registry.isRemoved(id));
  const newLeaseId = randomUUID();
  const incarnation = leaseId === '' ? newLeaseId : (before?.identity.incarnation ?? newLeaseId);
  const result = registry.register({ identity: { ...identity, incarnation }, leaseId, newLeaseId, renewal, health });
  if (!result.ok) throw refused(result.error);
  context.logger.info({ instance: id, services: identity.services, port: identity.port }, 'instance registered');
  return result.value;
}

/** The check is a part of the service's cluster, of which there is one. */
function checkAgreement(id: string, service: string, check: InstanceCheck | null, { registry }: ApiContext): void {
  if (check === null) return;
  for (const { identity, renewal } of registry.view().instances) {
    if (identity.id === id || renewal?.check == null || !identity.services.includes(service)) continue;
    if (JSON.stringify(renewal.check) === JSON.stringify(check)) continue;
    const message = `"${identity.id}" of service "${service}" has another check, ${JSON.stringify(renewal.check)}: all must have the same`;
    throw new ApiError('refused', message, [{ path: 'check', message }]);
  }
}

/** The instance of that lease; without one, whatever renewals hold under that id. */
function heldByRenewals(id: string, leaseId: string | undefined, { registry }: ApiContext): Instance {
  const instance = registry.get(id);
  if (instance === undefined || instance.state === 'draining') throw expired(id, registry.isRemoved(id));
  if (instance.renewal === null) throw new ApiError('refused', `"${id}" has a sidecar, which holds its lease`);
  if (leaseId === undefined || leaseId === instance.leaseId) return instance;
  throw refused({
    kind: 'held',
    message: `"${id}" is held by another lease, ${instance.leaseId}`,
    leaseId: instance.leaseId,
  });
}

function expired(id: string, removed: boolean): ApiError {
  const why = removed ? 'it was deregistered' : 'its lease has expired, or it never had one';
  return new ApiError('not_found', `there is no lease of "${id}": ${why}: register again, without leaseId`);
}

function refused({ kind, message, leaseId }: RegisterRefusal): ApiError {
  if (kind === 'full') return new ApiError('unavailable', message);
  return new ApiError('refused', message, [], leaseId === undefined ? {} : { leaseId });
}

function leaseView(instance: Instance, context: ApiContext) {
  const { registry, clock } = context;
  const ttlMs = Math.round((instance.renewal?.ttlMs ?? 0) * registry.stretch);
  return {
    ...instanceView(instance, clock.nowMs(), context),
    // A large fleet is told to renew more slowly.
    ttlMs,
    renewWithinMs: Math.round(ttlMs / RENEWALS_PER_TTL),
  };
}
