/**
 * The REST server: everything under /v1, described at /openapi.json.
 */
import { randomUUID } from 'node:crypto';
import type { Server } from 'node:https';
import swagger from '@fastify/swagger';
import { type FastifyInstance, fastify } from 'fastify';
import { MESSAGE_BYTES_MAX } from '../../protos/contract/limits.ts';
import type { Security } from '../security/security.ts';
import { applyRoutes } from './apply-routes.ts';
import { auditRoutes } from './audit-routes.ts';
import { BACKUP_TYPE, backupRoutes } from './backup-routes.ts';
import { clientRoutes } from './client-routes.ts';
import { configRoutes } from './config-routes.ts';
import type { ApiContext } from './context.ts';
import { discoveryRoutes } from './discovery-routes.ts';
import { ApiError, errorAnswer } from './errors.ts';
import { addGate } from './gate.ts';
import { historyRoutes } from './history-routes.ts';
import { instanceRoutes } from './instance-routes.ts';
import { addLeaderDoor } from './leader-door.ts';
import { loadStatsRoutes } from './load-stats-routes.ts';
import { logRoutes } from './log-routes.ts';
import { resourceRoutes } from './resource-routes.ts';
import { serviceRoutes } from './service-routes.ts';
import { statusRoutes } from './status-routes.ts';

const ROUTES = [
  applyRoutes,
  resourceRoutes,
  serviceRoutes,
  discoveryRoutes,
  instanceRoutes,
  configRoutes,
  historyRoutes,
  backupRoutes,
  statusRoutes,
  clientRoutes,
  loadStatsRoutes,
  logRoutes,
  auditRoutes,
];
/** Texts that are read as YAML. */
const YAML_TYPES = ['text/yaml', 'application/yaml', 'application/x-yaml', 'text/x-yaml', 'text/plain'];

/** Makes the server; `listen` is the caller's. `onRoute` hears of every route with its method. */
export async function createApiServer(
  context: ApiContext,
  onRoute?: (method: string, url: string) => void,
): Promise<FastifyInstance> {
  const { security } = context;
  const server: FastifyInstance = fastify({
    ...tlsOptions(security),
    genReqId: () => randomUUID(),
    bodyLimit: MESSAGE_BYTES_MAX,
    // As the routes' own schemas have it: what is longer is told in our words.
    routerOptions: { maxParamLength: 1024 },
    forceCloseConnections: true,
    // A wrong type is a mistake of the caller, and is told.
    ajv: { customOptions: { coerceTypes: false, allErrors: true, removeAdditional: false } },
  });
  security.watchCertificate((next) => (server.server as unknown as Server).setSecureContext(next));
  // Who leads is no secret, and the leader asks by itself who it is.
  addLeaderDoor(server, context.leadership);
  addGate(server, security);
  if (onRoute !== undefined)
    server.addHook('onRoute', ({ method, url }) => {
      for (const each of [method].flat()) onRoute(each, url);
    });
  server.addContentTypeParser(YAML_TYPES, { parseAs: 'string' }, (_request, body, done) => done(null, body));
  server.addContentTypeParser(BACKUP_TYPE, { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  server.setErrorHandler((error, request, reply) => {
    const { status, body } = errorAnswer(error);
    if (status >= 500 && !(error instanceof ApiError))
      context.logger.error({ err: error, url: request.url }, 'request failed');
    return reply.code(status).send(body);
  });
  server.setNotFoundHandler((request) => {
    throw new ApiError('not_found', `there is nothing at ${request.method} ${request.url}: see /openapi.json`);
  });
  const info = { title: 'Outrider control plane', version: context.version };
  await server.register(swagger, { openapi: { openapi: '3.1.0', info } });
  await server.register(async (scope) => {
    for (const routes of ROUTES) routes(scope, context);
  });
  server.get('/openapi.json', { schema: { hide: true } }, () => server.swagger());
  return server;
}

/** A client may come without a certificate: the gate decides whether it needs one. */
function tlsOptions({ certificate, settings }: Security) {
  if (certificate === null) return {};
  const requestCert = settings.tls?.clientAuthorities !== null;
  // The type of a server over TLS differs from that of one without in nothing that routes see.
  return { https: { ...certificate.context, requestCert, rejectUnauthorized: false } } as object;
}
