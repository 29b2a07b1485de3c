/**
 * Live traffic as text: a table for a terminal that is redrawn, one line per look for a file or a pipe.
 */
import { table } from '../table.ts';
import type { EdgeTraffic } from './traffic-meter.ts';

/** The table of all edges, or a sentence when no request has been seen yet. */
export function trafficTable(edges: readonly EdgeTraffic[]): string {
  if (edges.length === 0) return 'no requests yet\n';
  const rows = edges.map((edge) => [
    `${edge.caller} -> ${edge.service}`,
    edge.requestsPerSecond.toFixed(1),
    edge.errorsPerSecond.toFixed(1),
    milliseconds(edge.p99Ms),
    String(edge.requests),
    String(edge.errors),
  ]);
  const right = (title: string) => ({ title, align: 'right' as const });
  return table(
    [{ title: 'EDGE' }, right('REQ/S'), right('ERR/S'), right('P99'), right('REQUESTS'), right('ERRORS')],
    rows,
  );
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
