/** How connections from clients are counted, whatever codec serves them. */
import type { ManagerStats } from './manager-stats.ts';

/** A connection came. */
export function countOpened(stats: ManagerStats, protocol: 'http1' | 'http2'): void {
  count(stats, protocol, 1);
}

/** Another codec takes it over before anything of it was read: it was never one of this kind. */
export function countHandedOver(stats: ManagerStats, protocol: 'http1' | 'http2'): void {
  count(stats, protocol, -1);
}

/** It is gone. */
export function countClosed(stats: ManagerStats, protocol: 'http1' | 'http2'): void {
  stats.cxActive--;
  if (protocol === 'http1') stats.cxHttp1Active--;
  else stats.cxHttp2Active--;
  stats.cxDestroy++;
}

/** A connection, or a stream of one, goes on with another protocol. */
export function countUpgrade(stats: ManagerStats): void {
  stats.cxUpgradesTotal++;
  stats.cxUpgradesActive++;
}

function count(stats: ManagerStats, protocol: 'http1' | 'http2', by: 1 | -1): void {
  stats.cxTotal += by;
  stats.cxActive += by;
  if (protocol === 'http1') {
    stats.cxHttp1Total += by;
    stats.cxHttp1Active += by;
  } else {
    stats.cxHttp2Total += by;
    stats.cxHttp2Active += by;
  }
}
