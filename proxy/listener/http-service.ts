/** HTTP connections of one filter chain: each gets the codec that the chain's connection manager asks for. */
import type { ConnectionManager } from '../http/connection-manager.ts';
import { FIXED_LIMITS, type Http1Limits } from '../http1/limits.ts';
import type { MessageHead } from '../http1/message-head.ts';
import { Http1ServerConnection } from '../http1/server-connection.ts';
import { Http2ServerSession } from '../http2/server-session.ts';
import type { Http2Shared } from '../http2/shared.ts';
import type { ConnectionInfo } from '../net/connection-info.ts';
import type { ConnectionOwner, ConnectionService, ServedConnection } from '../net/service.ts';
import type { Transport } from '../net/transport.ts';
import { DetectingConnection } from './detecting-connection.ts';

export class HttpService implements ConnectionService {
  readonly #http2: Http2Shared;
  readonly #manager: ConnectionManager;
  /** Parsing storage, shared by all connections of the loop. */
  readonly #head: MessageHead;
  readonly #limits: Http1Limits;

  constructor(http2: Http2Shared, manager: ConnectionManager, head: MessageHead) {
    this.#http2 = http2;
    this.#manager = manager;
    this.#head = head;
    const { maxRequestHeadersBytes, maxHeadersCount } = manager.config;
    this.#limits = {
      headBytes: maxRequestHeadersBytes,
      headerCount: Math.min(maxHeadersCount, FIXED_LIMITS.headerCountMax),
      startLineBytes: Math.min(16_384, maxRequestHeadersBytes),
    };
  }

  serve(transport: Transport, info: ConnectionInfo, owner: ConnectionOwner): ServedConnection {
    const { codec } = this.#manager.config;
    if (codec === 'http2' || (codec === 'auto' && info.tls?.alpnProtocol === 'h2'))
      return this.#serveHttp2(transport, info, owner);
    if (codec === 'http1' || info.tls?.alpnProtocol === 'http/1.1') return this.#serveHttp1(transport, info, owner);
    const codecs = {
      http1: (relay: ConnectionOwner) => this.#serveHttp1(transport, info, relay),
      http2: (relay: ConnectionOwner) => this.#serveHttp2(transport, info, relay),
      unknown: () => {
        this.#manager.stats.cxProtocolError++;
      },
    };
    const connection = new DetectingConnection(transport, codecs, owner);
    transport.handler = connection;
    return connection;
  }

  #serveHttp1(transport: Transport, info: ConnectionInfo, owner: ConnectionOwner): Http1ServerConnection {
    const { loop } = this.#http2;
    const connection = new Http1ServerConnection(loop, this.#manager, this.#limits, this.#head, info, owner);
    transport.handler = connection;
    connection.attach(transport);
    return connection;
  }

  #serveHttp2(transport: Transport, info: ConnectionInfo, owner: ConnectionOwner): Http2ServerSession {
    const session = new Http2ServerSession(this.#http2, this.#manager, transport, info, owner);
    transport.handler = session;
    return session;
  }
}
