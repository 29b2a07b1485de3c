/**
 * /v1/config: application configuration, which reaches the applications through their sidecars.
 */
import type { FastifyRequest } from 'fastify';
import { nearest } from '../../kernel/edit-distance.ts';
import type { Command } from '../state/command.ts';
import { type EffectiveConfig, effectiveConfig } from '../state/queries.ts';
import { authorHeaders } from './authorship.ts';
import { submit } from './change.ts';
import type { Routes } from './context.ts';
import { ApiError } from './errors.ts';
import { anySchema, appliedSchema, errorSchema, namedBy } from './schemas.ts';

interface Workload {
  readonly workload: string;
}

interface Key extends Workload {
  readonly key: string;
}

/** See the head of this file. */
export const configRoutes: Routes = (server, context) => {
  const { ledger } = context;
  const configOf = (workload: string): EffectiveConfig => {
    if (ledger.state.workloads.has(workload)) return effectiveConfig(ledger.state, workload);
    throw missing('workload', `there is no workload "${workload}"`, workload, ledger.state.workloads.keys());
  };
  const change = async (command: Command, request: FastifyRequest) => {
    const { state, changes } = await submit(command, request, context);
    return { revision: state.revision, changes };
  };

  const all = {
    summary: 'The configuration of a workload.',
    params: namedBy('workload'),
    response: { 200: anySchema, 404: errorSchema },
  };
  server.get<{ Params: Workload }>('/v1/config/:workload', { schema: all }, ({ params: { workload } }) =>
    configView(workload, configOf(workload)),
  );

  const params = namedBy('workload', 'key');
  const one = { summary: 'One value.', params, response: { 200: anySchema, 404: errorSchema } };
  server.get<{ Params: Key }>('/v1/config/:workload/:key', { schema: one }, ({ params: { workload, key } }) => {
    const { entries } = configOf(workload);
    const entry = Object.hasOwn(entries, key) ? entries[key] : undefined;
    if (entry === undefined) throw missing('key', `"${key}" is not set for "${workload}"`, key, Object.keys(entries));
    return {
      ...configView(workload, { revision: entry.revision, entries: { [key]: entry } }),
      key,
      value: entry.value,
    };
  });

  const body = {
    type: 'object',
    required: ['value'],
    additionalProperties: false,
    properties: { value: { type: 'string' } },
  };
  const put = {
    summary: 'Sets one value.',
    params,
    headers: authorHeaders,
    querystring: {
      type: 'object',
      properties: {
        ifRevision: {
          type: 'string',
          pattern: '^[0-9]{1,15}$',
          description: 'Only if the value is still of this revision; 0: only if none is set.',
        },
      },
    },
    body,
    response: { 200: appliedSchema, 404: errorSchema, 412: errorSchema },
  };
  server.put<{ Params: Key; Querystring: { ifRevision?: string }; Body: { value: string } }>(
    '/v1/config/:workload/:key',
    { schema: put },
    (request) => {
      const { ifRevision } = request.query;
      const condition = ifRevision === undefined ? {} : { ifRevision: Number(ifRevision) };
      return change({ kind: 'set-config', ...request.params, value: request.body.value, ...condition }, request);
    },
  );

  const remove = {
    summary: 'Takes back one value.',
    params,
    headers: authorHeaders,
    response: { 200: appliedSchema, 404: errorSchema },
  };
  server.delete<{ Params: Key }>('/v1/config/:workload/:key', { schema: remove }, (request) =>
    change({ kind: 'delete-config', ...request.params }, request),
  );
};

function configView(workload: string, { revision, entries }: EffectiveConfig) {
  const values = Object.entries(entries).map(([key, entry]) => [key, entry.value] as const);
  return { workload, revision, entries: Object.fromEntries(values) };
}

function missing(path: string, message: string, name: string, names: Iterable<string>): ApiError {
  const suggestion = nearest(name, names);
  return new ApiError('not_found', message, [{ path, message, ...(suggestion === undefined ? {} : { suggestion }) }]);
}
