/**
 * The door of the REST API: who is it, may they, and what is written down of it.
 *
 *   a foreign web page's? ─► who? ─► the role of the route ─► handler ─► audit log ─► answer
 */
import type { TLSSocket } from 'node:tls';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RETRY_AFTER_SECONDS } from '../security/failure-limit.ts';
import { foreignPageProblem } from '../security/foreign-page.ts';
import { ANYBODY, allows, type Principal, type Role } from '../security/roles.ts';
import { neededRole } from '../security/route-roles.ts';
import type { Security } from '../security/security.ts';
import { bearerToken } from '../security/tokens.ts';
import { ApiError, type ErrorCode } from './errors.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; everybody is the same where nobody is asked who they are. */
    principal: Principal;
    /** What the audit log is to say of the answer. */
    audited: { readonly changes?: readonly string[]; readonly revision?: number; readonly reason?: string };
  }
}

/** An answer, as far as the audit log tells of it. */
interface AuditedBody {
  readonly revision?: unknown;
  readonly changes?: unknown;
  readonly error?: { readonly code?: unknown };
  /** Of a scale. */
  readonly desired?: unknown;
}

/** Most changes that are told one by one. */
const CHANGES_MAX = 100;

/** Puts the door in front of every route that is added after it. */
export function addGate(server: FastifyInstance, security: Security): void {
  // Set by the first hook. What is refused there is written down there, and has neither.
  server.decorateRequest('principal', null as never);
  server.decorateRequest('audited', null as never);
  server.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
    request.principal = admit(request, reply, security);
    if (changes(request)) request.audited = {};
  });
  server.addHook('preSerialization', async (request, _reply, payload) => {
    if (request.audited !== null) request.audited = told((payload ?? {}) as AuditedBody);
    return payload;
  });
  server.addHook('onSend', async (request, reply, payload) => {
    if (request.audited !== null) writeDown(request, reply, security);
    return payload;
  });
}

function admit(request: FastifyRequest, reply: FastifyReply, security: Security): Principal {
  const needed = neededRole(request.method, request.routeOptions.url, request.query as Record<string, unknown>);
  if (needed === undefined) return ANYBODY;
  const token = bearerToken(request.headers.authorization);
  const { localAddress } = request.raw.socket;
  const foreign = foreignPageProblem({
    method: request.method,
    headers: request.headers,
    secure: isTls(request),
    localAddress,
    ownName: security.certificate?.name?.value ?? null,
    ambient: token === null,
  });
  if (foreign !== undefined) {
    security.counts.foreignPage++;
    throw refusal(request, reply, security, 'forbidden', foreign);
  }
  const result = security.authenticate({ token, certificate: certificateOf(request) });
  if (!result.ok) {
    reply.header('www-authenticate', 'Bearer realm="outrider"');
    throw refusal(request, reply, security, 'unauthenticated', result.error);
  }
  const principal = result.value;
  if (!allows(principal.grant, needed)) {
    security.counts.forbidden++;
    throw refusal(request, reply, security, 'forbidden', forbidden(principal, needed), principal);
  }
  const { auditRequired } = security.settings;
  if (auditRequired && changes(request) && security.audit.stuck && !security.audit.flush())
    throw new ApiError(
      'not_ready',
      'the audit log cannot be written, and no change is made without it: make room for it',
    );
  return principal;
}

function forbidden({ name, grant }: Principal, needed: Role): string {
  const has = grant === 'workload' ? 'is a workload, which has no role over REST' : `has the role ${grant}`;
  return `this needs the role ${needed}, and "${name}" ${has}`;
}

/** The error, written down unless there have been too many of them: of an address, or of somebody who is known. */
function refusal(
  { id: requestId, method, url, ip: from }: FastifyRequest,
  reply: FastifyReply,
  { failures, audit }: Security,
  code: ErrorCode,
  reason: string,
  principal?: Principal,
): ApiError {
  const admitted = failures.admit(principal === undefined ? from : `${from} ${principal.name}`);
  if (admitted) {
    const status = code === 'forbidden' ? 403 : 401;
    const who = principal === undefined ? {} : whoIs(principal);
    audit.record({ result: 'refused', action: `${method} ${pathOf(url)}`, requestId, status, from, ...who, reason });
  }
  if (admitted || code === 'forbidden') return new ApiError(code, reason);
  reply.header('retry-after', RETRY_AFTER_SECONDS);
  return new ApiError('too_many', `too many refused requests come from ${from}: the last one because ${reason}`);
}

function whoIs({ name: who, grant, credential }: Principal) {
  return { who, grant, credential };
}

function writeDown(request: FastifyRequest, { statusCode: status }: FastifyReply, { audit }: Security): void {
  const { id: requestId, method, url, ip: from, audited } = request;
  const action = `${method} ${pathOf(url)}`;
  const result = status < 400 ? 'done' : 'failed';
  audit.record({ result, action, requestId, status, from, ...whoIs(request.principal), ...audited });
  request.audited = null as never;
}

/** Renewals are no news, and thousands of them a minute would bury what is. */
const RENEWALS = '/v1/instances/:id/renew';

/** Whether the request changes something: a dry run does not, and its role is that of somebody who looks. */
function changes({ method, routeOptions, query }: FastifyRequest): boolean {
  if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS' || routeOptions.url === undefined) return false;
  if (routeOptions.url === RENEWALS) return false;
  return neededRole(method, routeOptions.url, query as Record<string, unknown>) !== 'read';
}

/** Names only: what was set to what is nobody's business here, and what an error quotes may be a secret. */
function told({ revision, changes: list, desired, error }: AuditedBody): FastifyRequest['audited'] {
  const names = Array.isArray(list)
    ? (list as { kind: string; name: string; action: string }[])
        .filter(({ action }) => action !== 'unchanged')
        .map(({ kind, name, action }) => `${kind}/${name} ${action}`)
    : typeof desired === 'number'
      ? [`${desired} replicas`]
      : [];
  const more = names.length - CHANGES_MAX;
  const shown = more > 0 ? [...names.slice(0, CHANGES_MAX), `and ${more} more`] : names;
  return {
    ...(shown.length === 0 ? {} : { changes: shown }),
    ...(typeof revision === 'number' ? { revision } : {}),
    ...(typeof error?.code === 'string' ? { reason: error.code } : {}),
  };
}

/** Without the query, which is the caller's own text. */
function pathOf(url: string): string {
  return url.split('?', 1)[0]!.slice(0, 1024);
}

function isTls({ raw }: FastifyRequest): boolean {
  return (raw.socket as Partial<TLSSocket>).encrypted === true;
}

/** The client's certificate, if an authority of clients vouches for it. */
function certificateOf({ raw }: FastifyRequest) {
  const socket = raw.socket as Partial<TLSSocket>;
  return (socket.authorized === true ? socket.getPeerX509Certificate?.() : undefined) ?? null;
}
