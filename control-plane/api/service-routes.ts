/**
 * /v1/services: what runs, and how much of it there is to be.
 */
import { servicesJson } from '../discovery/endpoint-list.ts';
import type { RunAction } from '../state/run-decision.ts';
import { authorHeaders } from './authorship.ts';
import { submit } from './change.ts';
import type { Routes } from './context.ts';
import { answerPoll, notModifiedSchema, type PollQuery, pollQuery } from './polling.ts';
import { anySchema, appliedSchema, errorSchema, namedBy, serviceSchema } from './schemas.ts';
import { knownService, serviceNames, serviceView, serviceViews } from './views.ts';

interface Named {
  readonly name: string;
}

/** See the head of this file. */
export const serviceRoutes: Routes = (server, context) => {
  const list = {
    summary: 'All services; with an ETag of who is there, and waiting for a change of that.',
    querystring: { type: 'object', additionalProperties: false, properties: pollQuery },
    response: { 200: { type: 'array', items: serviceSchema }, 304: notModifiedSchema, 503: errorSchema },
  } as const;
  const make = () => servicesJson(serviceNames(context), context.registry.view());
  server.get<{ Querystring: PollQuery }>('/v1/services', { schema: list }, (request, reply) =>
    answerPoll('services', make, request, reply, context, () => serviceViews(context)),
  );

  const one = { summary: 'One service.', params: namedBy('name'), response: { 200: serviceSchema, 404: errorSchema } };
  server.get<{ Params: Named }>('/v1/services/:name', { schema: one }, ({ params }) => {
    return serviceView(knownService(params.name, context), context);
  });

  const scale = {
    summary: 'Decides how many replicas there are.',
    params: namedBy('name'),
    headers: authorHeaders,
    body: {
      type: 'object',
      required: ['replicas'],
      additionalProperties: false,
      properties: { replicas: { type: 'integer', minimum: 0 }, reason: { type: 'string', maxLength: 1000 } },
    },
    response: { 200: anySchema, 404: errorSchema, 422: errorSchema },
  };
  server.put<{ Params: Named; Body: { replicas: number; reason?: string } }>(
    '/v1/services/:name/scale',
    { schema: scale },
    async (request) => {
      const { replicas, reason = 'asked for over the API' } = request.body;
      const service = request.params.name;
      const { state } = await submit({ kind: 'scale', service, replicas, reason }, request, context);
      return { service, desired: replicas, revision: state.revision };
    },
  );

  const reason = { type: 'string', maxLength: 1000 } as const;
  for (const action of Object.keys(RUN_SUMMARIES) as RunAction[]) {
    const schema = {
      summary: RUN_SUMMARIES[action],
      params: namedBy('name'),
      headers: authorHeaders,
      body: { type: 'object', additionalProperties: false, properties: { reason } },
      response: { 200: appliedSchema, 404: errorSchema, 422: errorSchema },
    };
    server.post<{ Params: Named; Body: { reason?: string } }>(
      `/v1/services/:name/${action}`,
      { schema },
      async (request) => {
        const service = request.params.name;
        const { reason = 'asked for over the API' } = request.body;
        const { state, changes } = await submit({ kind: 'run', service, action, reason }, request, context);
        return { revision: state.revision, changes };
      },
    );
  }
};

const RUN_SUMMARIES: Readonly<Record<RunAction, string>> = {
  start: 'Runs a service that was stopped, with as many replicas as before.',
  stop: 'Ends all replicas of a service; requests in flight are finished. It stays stopped until it is started.',
  restart: 'Replaces all replicas of a service, some at a time; see `roll` of the service for how it goes.',
  upgrade:
    'Puts a sidecar of this version in the place of each one of a service, one at a time; applications and connections stay. See `roll`.',
};
