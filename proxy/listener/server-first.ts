/**
 * Destinations whose servers speak first (SMTP, MySQL, and the like). Their clients wait for the server while an
 * inspection waits for the client: the first connection pays the whole time limit, the others go on at once.
 *
 * A destination is learned only when the client was silent to the end and the server then spoke first, and forgotten as
 * soon as a client speaks first there: a client that was merely slow must not cost others their routes.
 */
const DESTINATIONS = 1_024;

export class ServerFirst {
  /** The one learned longest ago first. */
  readonly #known = new Set<string>();

  knows(destination: string): boolean {
    return this.#known.has(destination);
  }

  /** Remembers who spoke first on a connection on which nobody waited for the client. */
  learn(destination: string, first: 'client' | 'server'): void {
    this.#known.delete(destination);
    if (first === 'client') return;
    this.#known.add(destination);
    if (this.#known.size <= DESTINATIONS) return;
    for (const oldest of this.#known) {
      this.#known.delete(oldest);
      return;
    }
  }
}
