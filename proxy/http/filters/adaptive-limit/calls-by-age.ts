/**
 * Calls that come and go often, the oldest first: each knows its neighbours, and a call that is taken out is not referred to
 * any more. A Set keeps the order, too, and what it has let go of; see kernel/roster.ts.
 */

/** What may be in such a list, one at a time. Its neighbours are the list's. */
export interface Aged {
  older: Aged | null;
  younger: Aged | null;
}

/** See the head of this file. */
export class CallsByAge<Call extends Aged> {
  #oldest: Call | null = null;
  #youngest: Call | null = null;

  get oldest(): Call | null {
    return this.#oldest;
  }

  /** Adds one that is in no list, as the youngest. HOT. */
  add(call: Call): void {
    call.older = this.#youngest;
    if (this.#youngest === null) this.#oldest = call;
    else this.#youngest.younger = call;
    this.#youngest = call;
  }

  /** Nothing happens when it is in no list. HOT. */
  delete(call: Call): void {
    const older = call.older as Call | null;
    const younger = call.younger as Call | null;
    if (older === null && this.#oldest !== call) return;
    if (older === null) this.#oldest = younger;
    else older.younger = younger;
    if (younger === null) this.#youngest = older;
    else younger.older = older;
    call.older = null;
    call.younger = null;
  }
}
