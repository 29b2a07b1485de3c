/**
 * /v1/logs: what the applications of a workload have written, each line with its replica in front.
 */
import { lastLines } from '../orchestrator/driver/process/log-lines.ts';
import type { Routes } from './context.ts';
import { ApiError } from './errors.ts';
import { errorSchema, namedBy } from './schemas.ts';

const DEFAULT_LINES = 100;

/** See the head of this file. */
export const logRoutes: Routes = (server, context) => {
  const schema = {
    summary: 'The last lines that the applications of a workload have written.',
    params: namedBy('workload'),
    querystring: {
      type: 'object',
      properties: { lines: { type: 'string', pattern: '^[0-9]{1,4}$', description: 'Per replica; 100 by default.' } },
    },
    produces: ['text/plain'],
    response: { 404: errorSchema },
  };
  server.get<{ Params: { workload: string }; Querystring: { lines?: string } }>(
    '/v1/logs/:workload',
    { schema },
    async ({ params, query }, reply) => {
      const files = context.logFiles(params.workload);
      if (files.length === 0) throw new ApiError('not_found', `no replica of "${params.workload}" is run here`);
      const count = Number(query.lines ?? DEFAULT_LINES);
      const texts = await Promise.all(
        files.map(async ({ replica, path }) => (await lastLines(path, count)).map((line) => `${replica} | ${line}\n`)),
      );
      return reply.type('text/plain; charset=utf-8').send(texts.flat().join(''));
    },
  );
};
