/**
 * The REST server: everything under /v1, described at /openapi.json.
 */
import swagger from '@fastify/swagger';
import { type FastifyInstance, fastify } from 'fastify';
import { MESSAGE_BYTES_MAX } from '../../protos/contract/limits.ts';
import { applyRoutes } from './apply-routes.ts';
import { configRoutes } from './config-routes.ts';
import type { ApiContext } from './context.ts';
import { ApiError, errorAnswer } from './errors.ts';
import { logRoutes } from './log-routes.ts';
import { resourceRoutes } from './resource-routes.ts';
import { serviceRoutes } from './service-routes.ts';
import { statusRoutes } from './status-routes.ts';

const ROUTES = [applyRoutes, resourceRoutes, serviceRoutes, configRoutes, statusRoutes, logRoutes];
/** Texts that are read as YAML. */
const YAML_TYPES = ['text/yaml', 'application/yaml', 'application/x-yaml', 'text/x-yaml', 'text/plain'];

/** Makes the server; `listen` is the caller's. */
export async function createApiServer(context: ApiContext): Promise<FastifyInstance> {
  const server = fastify({
    bodyLimit: MESSAGE_BYTES_MAX,
    forceCloseConnections: true,
    // A wrong type is a mistake of the caller, and is told.
    ajv: { customOptions: { coerceTypes: false, allErrors: true, removeAdditional: false } },
  });
  server.addContentTypeParser(YAML_TYPES, { parseAs: 'string' }, (_request, body, done) => done(null, body));
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
