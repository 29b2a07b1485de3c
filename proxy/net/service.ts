/** What a listener hands its connections to: the network filter of a filter chain, HTTP or TCP, as it runs. */
import type { ConnectionInfo } from './connection-info.ts';
import type { Transport } from './transport.ts';

/** One connection that is served. */
export interface ServedConnection {
  /**
   * Leaves when it next can: behind the next answer, and at the latest after the drain time. Goes on until then. `idleMs`: how
   * long nothing is heard at least before it is closed, where the protocol cannot ask to leave; absent: the drain time.
   */
  retire(idleMs?: number): void;
  /** Leaves as soon as nothing is in flight. */
  drain(): void;
  /** Ends with what has been sent so far, and a regular end. */
  finish(): void;
  /** Ends now. */
  destroy(): void;
}

/** Who counts connections: told once when one is gone. */
export interface ConnectionOwner {
  onClosed(connection: ServedConnection): void;
}

/** Which side sent the first byte of a connection. Told once, where somebody wants to know. */
export type FirstWord = (from: 'client' | 'server') => void;

export interface ConnectionService {
  /** Takes the connection over: sets the transport's handler before it returns. */
  serve(
    transport: Transport,
    info: ConnectionInfo,
    owner: ConnectionOwner,
    firstWord: FirstWord | null,
  ): ServedConnection;
}
