/** Puts a request together as it goes to its cluster: in which protocol, and how its body is framed there. HOT. */
import type { BodyConverter } from '../../http/body-converter.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { OutgoingRequest } from '../../http/outgoing-request.ts';
import { Http1Outgoing } from '../../http1/outgoing.ts';
import { announceTrailers } from '../../http1/trailers.ts';
import { Http2Outgoing } from '../../http2/message/outgoing.ts';
import type { Cluster } from '../cluster.ts';
import { bodyConverter, wireProtocol } from '../wire-protocol.ts';

export interface ComposedRequest {
  readonly sent: OutgoingRequest;
  /** For the body that is to come; null where it goes out as it comes. */
  readonly converter: BodyConverter | null;
}

/** The request with what has come of its body. Uses the exchange's head up; its body is then framed as it goes out. */
export function composeRequest({ loop, config, http2 }: Cluster, exchange: Exchange): ComposedRequest {
  const { head, downstream } = exchange;
  const wire = wireProtocol(config, exchange);
  const passesTrailers = config.enableTrailers && downstream.acceptsTrailers;
  const converter = bodyConverter(loop, wire, head.framing, passesTrailers);
  if (converter !== null) convertBody(converter, exchange);
  if (wire === 'http2') return { sent: Http2Outgoing.of(http2.collector, exchange), converter };
  if (passesTrailers) announceTrailers(head);
  return { sent: Http1Outgoing.of(loop, exchange), converter };
}

function convertBody(converter: BodyConverter, exchange: Exchange): void {
  const { body, bodyStart, bodyEnd, requestDone, trailers } = exchange;
  converter.convert(body, bodyStart, bodyEnd, requestDone, trailers);
  exchange.body = converter.buffer;
  exchange.bodyStart = converter.start;
  exchange.bodyEnd = converter.end;
}
