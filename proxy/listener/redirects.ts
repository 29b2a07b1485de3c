/**
 * Connections that the kernel redirected here, and where they were going. One that was going to this proxy itself is
 * refused: it would be dialled again, redirected again, and so on for as long as there are ports.
 */
import type { Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { SocketAddress } from '../config/model/common.ts';
import { addressesOf } from '../net/connection-info.ts';
import { loadOriginalDestination, type OriginalDestination } from '../net/original-destination.ts';

/** What became of looking for it. `direct`: the client dialled this listener. `own`: it dialled another port of this proxy. */
export type Redirect = SocketAddress | 'direct' | 'own';

export class Redirects {
  readonly #ownPorts: () => Iterable<number>;
  #ask: OriginalDestination | null = null;

  /** `ownPorts` are those that this proxy listens on. */
  constructor(ownPorts: () => Iterable<number>) {
    this.#ownPorts = ownPorts;
  }

  /** To be called before the first connection is asked about. Rejects with a sentence where the system cannot tell. */
  async load(): Promise<void> {
    this.#ask ??= await loadOriginalDestination();
  }

  /** `transparentPort` is that of a listener whose connections keep the address that was dialled (TPROXY); null for others. */
  of(socket: Socket, transparentPort: number | null): Redirect {
    const asked = this.#ask?.(socket) ?? null;
    const { local } = addressesOf(socket);
    const redirected = asked !== null && !(asked.host === local.host && asked.port === local.port);
    if (!redirected && (transparentPort === null || transparentPort === local.port)) return 'direct';
    const destination = redirected ? asked : local;
    for (const port of this.#ownPorts()) if (port === destination.port && isHere(destination.host)) return 'own';
    return destination;
  }
}

/** An address of this machine. Asked anew, since they come and go; only for connections to a port of this proxy. */
function isHere(host: string): boolean {
  if (host.startsWith('127.')) return true;
  return Object.values(networkInterfaces()).some((each) => each?.some(({ address }) => address === host) === true);
}
