/**
 * /v1/services/:name/endpoints: discovery for what runs without a sidecar, by polling.
 */
import { endpointsJson } from '../discovery/endpoint-list.ts';
import type { Routes } from './context.ts';
import { answerPoll, notModifiedSchema, type PollQuery, pollQuery } from './polling.ts';
import { anySchema, errorSchema, namedBy } from './schemas.ts';
import { knownService } from './views.ts';

/** See the head of this file. */
export const discoveryRoutes: Routes = (server, context) => {
  const schema = {
    summary: 'The endpoints of a service, the same text for the same contents; with an ETag, and waiting for a change.',
    params: namedBy('name'),
    querystring: {
      type: 'object',
      additionalProperties: false,
      properties: {
        healthy: { type: 'string', enum: ['true', 'false'], description: 'Only those that take requests now.' },
        ...pollQuery,
      },
    },
    response: { 200: anySchema, 304: notModifiedSchema, 404: errorSchema, 503: errorSchema },
  } as const;
  server.get<{ Params: { name: string }; Querystring: PollQuery & { healthy?: string } }>(
    '/v1/services/:name/endpoints',
    { schema },
    (request, reply) => {
      const name = knownService(request.params.name, context);
      const healthy = request.query.healthy === 'true';
      const make = () => endpointsJson(name, context.registry.view(), healthy);
      return answerPoll(`${name} ${healthy}`, make, request, reply, context);
    },
  );
};
