/** HTTP connections of one filter chain: each gets the codec that the chain's connection manager asks for. */
import type { ConnectionManager } from '../http/connection-manager.ts';
import { FIXED_LIMITS, type Http1Limits } from '../http1/limits.ts';
import type { MessageHead } from '../http1/message-head.ts';
import { Http1ServerConnection } from '../http1/server-connection.ts';
import type { ConnectionInfo } from '../net/connection-info.ts';
import type { Loop } from '../net/loop.ts';
import type { ConnectionOwner, ConnectionService, ServedConnection } from '../net/service.ts';
import type { Transport } from '../net/transport.ts';

export class HttpService implements ConnectionService {
  readonly #loop: Loop;
  readonly #manager: ConnectionManager;
  /** Parsing storage, shared by all connections of the loop. */
  readonly #head: MessageHead;
  readonly #limits: Http1Limits;

  constructor(loop: Loop, manager: ConnectionManager, head: MessageHead) {
    this.#loop = loop;
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
    const connection = new Http1ServerConnection(this.#loop, this.#manager, this.#limits, this.#head, info, owner);
    transport.handler = connection;
    connection.attach(transport);
    return connection;
  }
}
