import type { ClientSource } from '../../net/client-source.ts';
import type { Dialer } from '../../net/dial.ts';
import type { PoolHost } from './pool.ts';

/** What dials the endpoints of a cluster from there; null: from this machine's address. */
export function dialerFor(
  { dialer, stats }: Pick<PoolHost, 'dialer' | 'stats'>,
  source: ClientSource | null,
): Pick<Dialer, 'dial'> {
  if (source === null) return dialer;
  return dialer.from(source, () => {
    stats.bindErrors++;
  });
}
