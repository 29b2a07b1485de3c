/** Puts a request together as it goes to its cluster: in which protocol, and how its body is framed there. HOT. */
import type { ClusterConfig } from '../../config/model/cluster.ts';
import type { BodyConverter } from '../../http/body-converter.ts';
import type { Exchange } from '../../http/exchange.ts';
import { HeaderName } from '../../http/header-name.ts';
import type { OutgoingRequest } from '../../http/outgoing-request.ts';
import { Http1Outgoing } from '../../http1/outgoing.ts';
import { announceTrailers } from '../../http1/trailers.ts';
import { Http2Outgoing } from '../../http2/message/outgoing.ts';
import type { Cluster } from '../cluster.ts';
import { bodyConverter, type WireProtocol } from '../wire-protocol.ts';

const TRANSFER_ENCODING = new HeaderName('transfer-encoding');

/** What frames the body of a request anew, of which the first bytes are done; null where it goes out as it comes. */
export function frameBody({ loop, config }: Cluster, wire: WireProtocol, exchange: Exchange): BodyConverter | null {
  const { framing } = exchange.head;
  if (framing === 'none' || framing === 'length') return null;
  const converter = bodyConverter(loop, wire, framing, passesTrailers(config, exchange));
  if (converter !== null) convertBody(converter, exchange);
  return converter;
}

/** The request with what has come of its body. Uses the exchange's head up. */
export function composeRequest(
  { loop, config, http2 }: Cluster,
  wire: WireProtocol,
  exchange: Exchange,
): OutgoingRequest {
  if (wire === 'http2') return Http2Outgoing.of(http2.collector, exchange);
  if (passesTrailers(config, exchange)) announceTrailers(exchange.head);
  return Http1Outgoing.of(loop, exchange);
}

function passesTrailers({ enableTrailers }: ClusterConfig, { downstream }: Exchange): boolean {
  return enableTrailers && downstream.acceptsTrailers;
}

function convertBody(converter: BodyConverter, exchange: Exchange): void {
  const { body, bodyStart, bodyEnd, requestDone, trailers } = exchange;
  converter.convert(body, bodyStart, bodyEnd, requestDone, trailers);
  exchange.body = converter.buffer;
  exchange.bodyStart = converter.start;
  exchange.bodyEnd = converter.end;
}

/**
 * A request that was put together for another cluster, as it goes to this one; null when it cannot be: a body in chunks has
 * no form in HTTP/2. It is complete and kept as a whole. COLD.
 */
export function recomposeRequest({ config, http2 }: Cluster, exchange: Exchange): OutgoingRequest | null {
  const sent = exchange.sent!;
  const { protocol } = config;
  const wantsHttp2 = protocol === 'http2' || (protocol === 'downstream' && exchange.downstream.protocol === 'HTTP/2');
  if (wantsHttp2 === sent instanceof Http2Outgoing) return sent.copy();
  if (!wantsHttp2) return new Http1Outgoing(sent.toHttp1());
  const text = sent.toHttp1();
  const body = text.slice(text.indexOf('\r\n\r\n') + 4);
  if (sent.first(TRANSFER_ENCODING) !== null) return null;
  const request = Http2Outgoing.ofText(http2.collector, sent, exchange.manager.scheme);
  if (body !== '') request.keep(Buffer.from(body, 'latin1'), 0, body.length);
  return request;
}
