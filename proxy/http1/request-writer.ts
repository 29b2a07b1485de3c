/** Puts together what goes to an HTTP/1.1 endpoint: head, edits, generated headers and the body that has come, as one write. */
import type { Exchange } from '../http/exchange.ts';
import type { Loop } from '../net/loop.ts';

/** The request as latin1 text. HOT: one copy of the head, one slice. */
export function writeRequest(loop: Loop, exchange: Exchange): string {
  const { out } = loop;
  out.reset();
  exchange.head.writeRequest(out);
  exchange.manager.writeGenerated(out, exchange);
  out.latin1('\r\n');
  if (exchange.bodyEnd > exchange.bodyStart) out.copy(exchange.body, exchange.bodyStart, exchange.bodyEnd);
  return out.take();
}
