/**
 * Live traffic as text: a table for a terminal that is redrawn, one line per look for a file or a pipe.
 */
import { table } from '../table.ts';
import type { EdgeTraffic } from './traffic-meter.ts';

/** A terminal of 24 lines holds them: what has scrolled away cannot be drawn again. */
const EDGES_SHOWN_MAX = 18;

/** The table of the edges that have carried requests, the busiest when they are many; a sentence when there are none. */
export function trafficTable(edges: readonly EdgeTraffic[]): string {
  const used = edges.filter((edge) => edge.requests > 0);
  if (used.length === 0) return 'no requests yet\n';
  const busiest = new Set(used.toSorted((a, b) => b.requests - a.requests).slice(0, EDGES_SHOWN_MAX));
  const shown = used.filter((edge) => busiest.has(edge));
  const rest = used.length > shown.length ? `and ${used.length - shown.length} with fewer requests\n` : '';
  const rows = shown.map((edge) => [
    `${edge.caller} -> ${edge.service}`,
    edge.requestsPerSecond.toFixed(1),
    edge.errorsPerSecond.toFixed(1),
    milliseconds(edge.p99Ms),
    String(edge.requests),
    String(edge.errors),
  ]);
  const right = (title: string) => ({ title, align: 'right' as const });
  const numbers = ['REQ/S', 'ERR/S', 'P99', 'REQUESTS', 'ERRORS'].map(right);
  return table([{ title: 'EDGE' }, ...numbers], rows) + rest;
}

/** All edges that carried requests, in one line. */
export function trafficLine(edges: readonly EdgeTraffic[]): string {
  const busy = edges.filter((edge) => edge.requestsPerSecond > 0);
  if (busy.length === 0) return 'no requests\n';
  const parts = busy.map((edge) => {
    const rate = `${edge.requestsPerSecond.toFixed(1)}/s`;
    return `${edge.caller} -> ${edge.service} ${rate}, ${edge.errorsPerSecond.toFixed(1)} errors/s, p99 ${milliseconds(edge.p99Ms)}`;
  });
  return `${parts.join('; ')}\n`;
}

function milliseconds(value: number | undefined): string {
  if (value === undefined) return '-';
  return value < 10 ? `${value.toFixed(1)}ms` : `${Math.round(value)}ms`;
}
