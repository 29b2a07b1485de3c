/**
 * Listening sockets that another process has opened and hands to this one: a hot restart. The descriptors are the same
 * sockets, with the same queues of connections that nobody has accepted yet, so that none of them is lost when the other
 * process closes its own.
 *
 * Nothing is accepted before `begin`: until then the other process serves, and goes on if this one fails.
 */
import { closeSync } from 'node:fs';

/** One socket on its way to another process. */
export interface HandedSocket {
  /** `listener <name>`, `admin` or `settings`. */
  readonly purpose: string;
  /** As configured; port 0 where the system chose. */
  readonly host: string;
  readonly port: number;
  /** As bound. */
  readonly boundPort: number;
  /** For datagrams; left out, for connections. */
  readonly datagrams?: true;
  /** In the process that holds it. */
  readonly fd: number;
}

/** See the head of this file. */
export class InheritedSockets {
  readonly #sockets: Set<HandedSocket>;
  readonly #begun = Promise.withResolvers<void>();

  constructor(sockets: readonly HandedSocket[]) {
    this.#sockets = new Set(sockets);
  }

  /**
   * The socket of that address, or undefined when there is none; each is given once. Where the system chose the port, and for
   * what is no listener, the purpose has to be the same, too.
   */
  take(purpose: string, host: string, port: number, datagrams = false): HandedSocket | undefined {
    const fits = (each: HandedSocket) =>
      (each.datagrams === true) === datagrams &&
      each.host === host &&
      each.port === port &&
      (port !== 0 || each.purpose === purpose);
    const found = [...this.#sockets].find(fits);
    if (found !== undefined) this.#sockets.delete(found);
    return found;
  }

  /** Resolves when this process takes over. */
  get begun(): Promise<void> {
    return this.#begun.promise;
  }

  begin(): void {
    this.#begun.resolve();
  }

  /** Closes what nobody asked for: it is not configured any more. Answers what that was. */
  closeRest(): string[] {
    const rest = [...this.#sockets];
    this.#sockets.clear();
    for (const { fd } of rest) closeSync(fd);
    return rest.map(({ purpose, host, boundPort }) => `${purpose} on ${host}:${boundPort}`);
  }
}
