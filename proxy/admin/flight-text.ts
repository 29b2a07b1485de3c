/** One remembered request, for people and for programs. PURE. */
import type { FlightView } from './views.ts';

type WallTime = (ms: number) => Date;

/** As an object of plain values. Times are milliseconds; `at` is ISO 8601. */
export function flightJson(flight: FlightView, wallTimeOf: WallTime): object {
  const { startedMs, endedMs, decisions, sequence: _sequence, ...facts } = flight;
  return {
    at: wallTimeOf(startedMs).toISOString(),
    tookMs: rounded(endedMs - startedMs),
    ...facts,
    decisions: decisions.map(({ atMs, text }) => ({ afterMs: rounded(atMs - startedMs), text })),
  };
}

/**
 * As lines: what was asked and answered, where it went, what was decided on the way, and why it failed.
 *
 *   2026-01-02T03:04:05.678Z GET catalog/products from 127.0.0.1: 503 after 12.5 ms
 *       route canary of virtual host catalog, cluster catalog, endpoint 127.0.0.1:4001, 2 attempts
 *       + 0.4 ms  attempt 1 at 127.0.0.1:4000 failed: ...
 *       failed (UF): The connection to the endpoint could not be made.
 */
export function flightText(flight: FlightView, wallTimeOf: WallTime): string {
  const { startedMs, endedMs, method, authority, path, client, status } = flight;
  const answer = status === 0 ? 'no answer' : String(status);
  const request = method === '' ? 'a request that could not be read' : `${method} ${authority}${path}`;
  const took = `after ${rounded(endedMs - startedMs)} ms`;
  const lines = [`${wallTimeOf(startedMs).toISOString()} ${request} from ${client}: ${answer} ${took}`];
  const where = whereabouts(flight);
  if (where !== '') lines.push(`    ${where}`);
  for (const { atMs, text } of flight.decisions) lines.push(`    + ${rounded(atMs - startedMs)} ms  ${text}`);
  if (flight.sentence !== '') lines.push(`    failed (${flight.flags || flight.details}): ${flight.sentence}`);
  return lines.map((line) => `${line}\n`).join('');
}

function whereabouts({ route, virtualHost, cluster, endpoint, attempts, upstreamProtocol }: FlightView): string {
  const parts: string[] = [];
  if (virtualHost !== '') parts.push(`route ${route || '(without a name)'} of virtual host ${virtualHost}`);
  if (cluster !== '') parts.push(`cluster ${cluster}`);
  if (endpoint !== '') parts.push(`endpoint ${endpoint}${upstreamProtocol === '' ? '' : ` by ${upstreamProtocol}`}`);
  if (attempts > 1) parts.push(`${attempts} attempts`);
  return parts.join(', ');
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}
