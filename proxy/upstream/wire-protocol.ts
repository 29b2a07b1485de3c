/** In which protocol a request goes to a cluster, and what that means for the framing of its body. */
import type { ClusterConfig } from '../config/model/cluster.ts';
import type { BodyConverter } from '../http/body-converter.ts';
import type { Exchange } from '../http/exchange.ts';
import { HeaderLine } from '../http/header-line.ts';
import { HeaderName } from '../http/header-name.ts';
import type { Framing } from '../http/message.ts';
import { TRAIT_ENVOY_HEADER } from '../http/request-traits.ts';
import { ChunkFramer } from '../http1/chunk-framer.ts';
import { Dechunker } from '../http1/dechunker.ts';
import { TrailerAppender } from '../http1/trailer-appender.ts';
import type { Loop } from '../net/loop.ts';

/** The form in which a request is put together. Where TLS negotiates the protocol it is HTTP/1.1, which both can send. */
export type WireProtocol = 'http1' | 'http2';

/**
 * Between two sidecars requests run over HTTP/2. Where the application's own protocol is not declared, this field tells
 * the far side what the client spoke, so that the application is spoken to likewise.
 */
const CARRIED = new HeaderName('x-outrider-protocol');
const HTTP1 = new HeaderLine(CARRIED.name, 'HTTP/1.1');

/** Chooses by the cluster and, where the cluster says so, by what the client speaks. Edits the head's carried protocol. HOT. */
export function wireProtocol({ protocol, carriesProtocol }: ClusterConfig, exchange: Exchange): WireProtocol {
  switch (protocol) {
    case 'http1':
    case 'alpn':
      return 'http1';
    case 'http2':
      if (carriesProtocol) tellProtocol(exchange);
      return 'http2';
    case 'downstream': {
      const carried = carriesProtocol ? exchange.head.first(CARRIED) : null;
      if (carried !== null) exchange.head.remove(CARRIED);
      return exchange.downstream.protocol !== 'HTTP/2' || carried === 'HTTP/1.1' ? 'http1' : 'http2';
    }
  }
}

/** What the client itself says of it does not count. */
function tellProtocol({ head, downstream }: Exchange): void {
  if ((head.traits & TRAIT_ENVOY_HEADER) !== 0) head.remove(CARRIED);
  if (downstream.protocol !== 'HTTP/2') head.append(HTTP1);
}

/** What frames the body of a request anew; null where nothing has to. HOT. */
export function bodyConverter(
  loop: Loop,
  wire: WireProtocol,
  framing: Framing,
  passesTrailers: boolean,
): BodyConverter | null {
  if (framing === 'chunked') {
    if (wire === 'http2') return new Dechunker();
    return passesTrailers ? new TrailerAppender() : null;
  }
  return framing === 'close' && wire === 'http1' ? new ChunkFramer(loop.body, passesTrailers) : null;
}
