import type { SocketAddress } from '../config/model/common.ts';

/** The address of a client, as that from which connections on its behalf come (listener filter original_src). */
export interface ClientSource {
  /** Connections may be shared by those of the same key. */
  readonly key: string;
  /** A descriptor of a socket that has the address, not connected yet; or why there is none. */
  open(towards: SocketAddress): number | Error;
}
