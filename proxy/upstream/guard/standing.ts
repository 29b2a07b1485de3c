/**
 * Where an endpoint stands, from everything that is known of it. PURE: one table, asked by pickers, statistics and pages.
 *
 *   discovery says      active checks       ejected      stands
 *   draining, removed   anything            anything     gone       not even in panic: it leaves on purpose
 *   unhealthy, timeout  anything            anything     out        in panic it may be picked
 *   anything            failed              anything     out
 *   anything            anything            yes          out
 *   degraded            passed, or none     no           degraded   after those that are in
 *   nothing (suspect)   none                no           degraded   see suspects.ts; a check that passed says more
 *   anything            passed, degraded    no           degraded
 *   healthy, unknown    passed, or none     no           in
 */
import type { EndpointHealth } from '../../config/model/cluster.ts';

export type Standing = 'in' | 'degraded' | 'out' | 'gone';

/** What active checks say; null where none are made. */
export type CheckedHealth = { readonly failed: boolean; readonly degraded: boolean } | null;

/** See the head of this file. */
export function standingOf(discovered: EndpointHealth, checked: CheckedHealth, ejected: boolean): Standing {
  if (discovered === 'draining') return 'gone';
  if (discovered === 'unhealthy' || discovered === 'timeout') return 'out';
  if (ejected || checked?.failed) return 'out';
  if (discovered === 'suspect' && checked === null) return 'degraded';
  return discovered === 'degraded' || checked?.degraded ? 'degraded' : 'in';
}
