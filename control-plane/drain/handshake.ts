/**
 * The drain handshake: who may still send to an endpoint that was taken out. PURE: what is known of the clients in, who is
 * waited for out.
 *
 *   endpoint taken out ──► every client has taken in the endpoints without it ──► nobody sends to it any more
 *
 * A client is waited for when it was told of the endpoint and has not confirmed that it is gone: it has not answered, it
 * refused the answer, its stream broke in between, or it has no stream although it runs. Whoever joins meanwhile is told
 * of the others only, and confirms that like everyone.
 */

/**
 * What a stream says of one resource. `unasked`: its client has not asked for that kind yet. `unsubscribed`: it has, but
 * not for this name. `taken`: it has confirmed the resource as it is now.
 */
export type Standing = 'unasked' | 'unsubscribed' | 'pending' | 'taken';

/** One stream; a client may have several. */
export interface StreamStanding {
  readonly nodeId: string;
  readonly standing: Standing;
}

/**
 * Clients by id that have not confirmed, sorted. `expected` are those that must confirm even if they have no stream now:
 * they hold what an earlier stream told them.
 */
export function unconfirmed(expected: ReadonlySet<string>, streams: readonly StreamStanding[]): string[] {
  const byNode = Map.groupBy(streams, ({ nodeId }) => nodeId);
  const waits = (nodeId: string): boolean => {
    const standings = (byNode.get(nodeId) ?? []).map(({ standing }) => standing);
    if (standings.includes('pending')) return true;
    return expected.has(nodeId) && !standings.some((each) => each === 'taken' || each === 'unsubscribed');
  };
  return [...new Set([...expected, ...byNode.keys()])].filter(waits).sort();
}
