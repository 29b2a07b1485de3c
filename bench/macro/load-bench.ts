/** What the benches that use the HTTP load generator share: its start, its arguments, and one measurement. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchOptions } from '../options.ts';
import { type CertificateFiles, FEATURES, HOSTS, REQUEST_PATH } from '../peers/scenario.ts';
import { residentMb, waitUntilQuiet } from '../proc.ts';
import type { Measurement } from '../rounds.ts';
import type { RunningPeer } from '../running-peers.ts';
import { type Answer, numberOf, Tool } from '../tool.ts';

/** Ports of the backend: the endpoints of the cluster with features on. */
const BACKENDS = 4;
/** How long a measurement waits for the two cores to come to rest. */
export const QUIET_LIMIT_MS = 5000;

/** Headers that a browser and a mesh add: with them a request head is 630 bytes long. */
export const REAL_HEADERS: readonly string[] = [
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36',
  'Accept: application/json, text/plain, */*',
  'Accept-Encoding: gzip, deflate, br',
  'Accept-Language: en-US,en;q=0.9',
  'Cache-Control: no-cache',
  'Authorization: Bearer eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJlLXNpZ25hdHVyZS1zaWduYXR1cmUtc2lnbmF0dXJl',
  'X-Request-Id: 7f9c24e8-3b12-4fef-91e0-56a2d5a1b2c3',
  'Traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  'X-Tenant: acme',
  'Cookie: sid=abcdef0123456789; theme=dark',
];

/** A running load generator and the ports of its backend. */
export interface Load {
  readonly tool: Tool;
  readonly backendPorts: readonly number[];
  /** Those that speak HTTP/2; empty unless they were asked for. */
  readonly http2Ports: readonly number[];
}

/** What a bench may want of the load generator beyond plain HTTP/1.1. */
export interface LoadExtras {
  /** With certificates it speaks TLS: as client when terminating, as backend when originating. */
  readonly tls?: { readonly kind: 'tls-terminate' | 'tls-originate'; readonly certificates: CertificateFiles };
  /** A backend that speaks HTTP/2 too, with the trailers of gRPC or without. */
  readonly http2?: 'grpc' | 'plain';
}

/**
 * Starts the load generator on its core.
 *
 * @param folder Where a file of request headers may be written.
 */
export async function startLoad(options: BenchOptions, folder: string, extras: LoadExtras = {}): Promise<Load> {
  const { tls, http2 } = extras;
  const args = [
    ...['--backends', String(BACKENDS), '--response-bytes', String(options.responseBytes)],
    ...['--path', REQUEST_PATH, '--cores', `${options.proxyCore},${options.loadCore}`],
    ...HOSTS.flatMap((host) => ['--host', host]),
  ];
  if (options.request === 'real') {
    const file = join(folder, 'headers');
    writeFileSync(file, REAL_HEADERS.join('\n'));
    args.push('--headers', file);
  }
  if (http2 !== undefined) args.push('--http2', http2);
  if (tls?.kind === 'tls-terminate') args.push('--client-ca', tls.certificates.ca);
  if (tls?.kind === 'tls-originate') {
    const { ca, serverCert, serverKey } = tls.certificates;
    args.push('--backend-cert', serverCert, '--backend-key', serverKey, '--backend-client-ca', ca);
  }
  const { tool, ready } = await Tool.start('load', options.loadCore, args);
  return { tool, backendPorts: ready.ports as number[], http2Ports: ready.http2Ports as number[] };
}

/** The features to list in a result. */
export function listedFeatures(options: BenchOptions): readonly string[] {
  return options.features ? FEATURES : ['off: one route, one endpoint, no headers added'];
}

/** One run of the load generator against a peer, in the figures of the table. Throws when the peer refuses. */
export async function measureLoad(load: Load, target: RunningPeer, options: BenchOptions): Promise<Measurement> {
  await waitUntilQuiet([options.proxyCore, options.loadCore], QUIET_LIMIT_MS);
  const answer = await load.tool.command('run', {
    port: target.scenario.port,
    pid: target.process.pid,
    seconds: options.seconds,
    connections: options.connections,
    rate: options.rate,
    tls: target.scenario.kind === 'tls-terminate' ? 1 : 0,
  });
  return {
    figures: loadFigures(answer, residentMb(target.process.pid)),
    foreignShare: numberOf(answer, 'foreignShare'),
  };
}

/** Figures of a run's answer. Throws when no request was answered, since then there is nothing to divide by. */
export function loadFigures(answer: Answer, residentAfterMb: number): Measurement['figures'] {
  const requests = numberOf(answer, 'requests');
  if (requests === 0) throw new Error('it answered no request');
  const seconds = numberOf(answer, 'seconds');
  const cpuUs = numberOf(answer, 'cpuUs');
  const splitUs = numberOf(answer, 'userUs') + numberOf(answer, 'systemUs');
  return {
    cpuUs: cpuUs / requests,
    // The split is in ticks, the whole is not: so the share of the ticks, times the whole.
    userUs: splitUs === 0 ? Number.NaN : (cpuUs / requests) * (numberOf(answer, 'userUs') / splitUs),
    rps: requests / seconds,
    busyPercent: (cpuUs / 1e6 / seconds) * 100,
    p50Us: numberOf(answer, 'p50Us'),
    p99Us: numberOf(answer, 'p99Us'),
    afterMb: residentAfterMb,
    errors: numberOf(answer, 'errors'),
    unsent: numberOf(answer, 'unsent'),
  };
}
