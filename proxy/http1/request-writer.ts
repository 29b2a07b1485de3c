/** Puts together what goes to an HTTP/1.1 endpoint: head, edits, generated headers and the body that has come. */
import type { Exchange } from '../http/exchange.ts';
import type { Loop } from '../net/loop.ts';

/** The request as latin1 text, to be sent as one write. HOT. */
export function writeRequest(loop: Loop, exchange: Exchange): string {
  const generated = exchange.manager.generatedLines(exchange);
  return exchange.head.composeRequest(loop.out, generated, exchange.body, exchange.bodyStart, exchange.bodyEnd);
}
