/**
 * How a page is polled over HTTP: `If-None-Match` or `index` say what the client has, `wait` how long it waits for another.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isKnown, type Page, POLL_WAIT_MS_MAX, POLLS_MAX } from '../discovery/feed.ts';
import { parseDurationMs } from '../policy/values.ts';
import type { ApiContext } from './context.ts';
import { ApiError } from './errors.ts';

/** The query of a poll. */
export interface PollQuery {
  readonly wait?: string;
  readonly index?: string;
}

/** Its schema. */
export const pollQuery = {
  wait: {
    type: 'string',
    maxLength: 16,
    description: 'How long to wait for a change of what `index` or If-None-Match name, such as 30s; at most 300s.',
  },
  index: {
    type: 'string',
    pattern: '^[0-9]{1,16}$',
    description: 'The x-outrider-index of the page that the client has.',
  },
} as const;

/** The answer of one who has the newest already. */
export const notModifiedSchema = { description: 'What the client has is the newest.', type: 'null' } as const;

/**
 * Answers with the newest page, or with 304 when the client has it and nothing changes while it waits. `show` makes the
 * body, where that is not the page itself.
 */
export async function answerPoll(
  key: string,
  make: () => string,
  request: FastifyRequest<{ Querystring: PollQuery }>,
  reply: FastifyReply,
  { feed }: ApiContext,
  show?: () => unknown,
): Promise<unknown> {
  const { index, wait } = request.query;
  const known = { index: index === undefined ? undefined : Number(index), etag: request.headers['if-none-match'] };
  const waitMs = waitOf(wait);
  let page: Page = feed.page(key, make);
  if (isKnown(page, known) && waitMs > 0) {
    if (feed.full) {
      feed.totals.refused++;
      reply.header('retry-after', '1');
      throw new ApiError(
        'unavailable',
        `${POLLS_MAX} requests wait already, the most that may: ask again, or without wait`,
      );
    }
    page = await feed.next(key, page, make, waitMs, (giveUp) => reply.raw.once('close', giveUp));
  }
  reply.header('etag', page.etag).header('x-outrider-index', String(page.index)).header('cache-control', 'no-cache');
  if (isKnown(page, known)) {
    feed.totals.unchanged++;
    return reply.code(304).send();
  }
  feed.totals.answered++;
  return reply.type('application/json; charset=utf-8').send(show === undefined ? page.body : show());
}

/** A number without a unit means seconds. */
function waitOf(text: string | undefined): number {
  if (text === undefined) return 0;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : parseDurationMs(text);
  if (ms === null) throw new ApiError('malformed', `wait is "${text}": it must be a duration such as 30s`);
  return Math.min(ms, POLL_WAIT_MS_MAX);
}
