/**
 * /v1/audit: who changed what, and who was refused.
 */
import type { Routes } from './context.ts';
import { ApiError } from './errors.ts';
import { listSchema } from './schemas.ts';

const DEFAULT_LIMIT = 200;

/** See the head of this file. */
export const auditRoutes: Routes = (server, { security }) => {
  const schema = {
    summary: 'The newest entries of the audit log, oldest first.',
    querystring: {
      type: 'object',
      additionalProperties: false,
      properties: {
        since: {
          type: 'string',
          maxLength: 64,
          description: 'A time as in 2027-01-31T00:00:00Z; from the beginning by default.',
        },
        limit: { type: 'string', pattern: '^[0-9]{1,4}$', description: '200 by default.' },
      },
    },
    response: { 200: listSchema },
  };
  server.get<{ Querystring: { since?: string; limit?: string } }>('/v1/audit', { schema }, ({ query }) => {
    const sinceMs = query.since === undefined ? 0 : Date.parse(query.since);
    if (Number.isNaN(sinceMs))
      throw new ApiError('malformed', `since is "${query.since}": it must be a time such as 2027-01-31T00:00:00Z`);
    return security.audit.entries(sinceMs, Number(query.limit ?? DEFAULT_LIMIT));
  });
};
