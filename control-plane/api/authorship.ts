/**
 * Who asks for a change, and why.
 */
import type { FastifyRequest } from 'fastify';
import type { Authorship } from '../state/history.ts';
import { ApiError } from './errors.ts';

const AUTHOR_CHARS_MAX = 200;
const MESSAGE_CHARS_MAX = 1000;

/** What clients say of themselves; both percent-encoded UTF-8. */
export const AUTHOR_HEADER = 'x-outrider-author';
/** See AUTHOR_HEADER. */
export const MESSAGE_HEADER = 'x-outrider-message';

/** For requests that change something. */
export const authorHeaders = {
  type: 'object',
  properties: {
    [AUTHOR_HEADER]: { type: 'string', description: 'Who asks, percent-encoded; history marks it as not verified.' },
    [MESSAGE_HEADER]: { type: 'string', description: 'Why, percent-encoded; history keeps it.' },
  },
} as const;

/**
 * See the head of this file. What authentication knows counts before what the client says; the token of the state directory
 * is shared by all who can read that, and says of no one who they are.
 */
export function authorshipOf({ headers, principal }: Pick<FastifyRequest, 'headers' | 'principal'>): Authorship {
  const message = decoded(headers[MESSAGE_HEADER], MESSAGE_HEADER, MESSAGE_CHARS_MAX);
  const { name, credential } = principal;
  if (credential !== 'none' && credential !== 'local token') return { author: name, verified: true, message };
  return { author: decoded(headers[AUTHOR_HEADER], AUTHOR_HEADER, AUTHOR_CHARS_MAX), verified: false, message };
}

/** On one line, as it is printed in tables. */
function decoded(value: string | readonly string[] | undefined, header: string, charsMax: number): string {
  if (value === undefined) return '';
  let text: string;
  try {
    text = decodeURIComponent(String(value))
      .replaceAll(/\p{Cc}+/gu, ' ')
      .trim();
  } catch {
    throw new ApiError('malformed', `${header} is not percent-encoded UTF-8`);
  }
  if (text.length <= charsMax) return text;
  throw new ApiError('malformed', `${header} has ${text.length} characters: at most ${charsMax} are taken`);
}
