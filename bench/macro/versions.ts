/** Versions of peers for a result. */
import type { Peer } from '../peers/peers.ts';

/** By name; `unknown` for a peer that does not tell. */
export function versionsOf(peers: readonly Peer[]): Record<string, string> {
  return Object.fromEntries(peers.map((peer) => [peer.name, versionOf(peer)]));
}

function versionOf(peer: Peer): string {
  const found = peer.find();
  if ('missing' in found) return 'unknown';
  try {
    return peer.version(found.path);
  } catch {
    return 'unknown';
  }
}
