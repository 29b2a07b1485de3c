/**
 * Renders an answer made here. Failures carry their reason in a header and a body: text for people, JSON for clients
 * that accept it.
 */
import type { Exchange } from './exchange.ts';
import type { Failure } from './failure.ts';
import { HeaderName } from './header-name.ts';

const ACCEPT = new HeaderName('accept');

/** Header naming why this proxy answered by itself: Envoy's response flag and its details word. */
export const FAILURE_HEADER = 'x-outrider-failure';

export interface RenderedReply {
  readonly contentType: string;
  readonly body: string;
}

/** The line that names the failure. */
export function failureHeader(failure: Failure): string {
  return `${FAILURE_HEADER}: ${failure.flag}; ${failure.details}\r\n`;
}

/** What a failure says. */
export function renderFailure(exchange: Exchange, failure: Failure): RenderedReply {
  if (acceptsJson(exchange)) {
    const body = JSON.stringify({ error: { code: failure.flag, reason: failure.details, message: failure.sentence } });
    return { contentType: 'application/json', body };
  }
  return { contentType: 'text/plain', body: failure.body ?? `${failure.sentence}\n` };
}

/** The head is used up once it was forwarded; what went out still tells. */
function acceptsJson(exchange: Exchange): boolean {
  const accept = (exchange.sent ?? exchange.head).first(ACCEPT);
  return accept?.includes('json') === true;
}
