/** HTTP/2 load by nghttp2's h2load, one process for each measurement, and what it cost the proxy. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchOptions } from '../options.ts';
import { findH2load } from '../paths.ts';
import { GRPC_PATH, GRPC_REQUEST, HOSTS, REQUEST_PATH } from '../peers/scenario.ts';
import { type CoreTime, cpuTime, endedChildrenMs, readCoreTimes, residentMb, waitUntilQuiet } from '../proc.ts';
import { PinnedProcess } from '../processes.ts';
import type { Measurement } from '../rounds.ts';
import type { RunningPeer } from '../running-peers.ts';
import { type Load, QUIET_LIMIT_MS } from './load-bench.ts';

/** How many connections there are, and how many requests are in flight on each. */
export interface Http2Shape {
  readonly connections: number;
  readonly streams: number;
}

/** What h2load tells of a run. */
export interface H2loadAnswer {
  readonly requests: number;
  /** Those that failed or had another status than 2xx. */
  readonly errors: number;
  /** From the request to the end of its answer, in microseconds. */
  readonly meanUs: number;
}

/** h2load, ready to run. */
export class H2load {
  readonly #path: string;
  readonly #load: Load;
  readonly #options: BenchOptions;
  readonly #bodyFile: string;

  /** `folder` is where the body of gRPC calls is written. Throws when h2load is not there. */
  constructor(load: Load, options: BenchOptions, folder: string) {
    this.#path = requireH2load();
    this.#load = load;
    this.#options = options;
    this.#bodyFile = join(folder, 'grpc-request');
    writeFileSync(this.#bodyFile, GRPC_REQUEST);
  }

  /** One run against a peer, in the figures of the table. Throws when it failed its requests. */
  async measure(target: RunningPeer, shape: Http2Shape, seconds: number): Promise<Measurement> {
    const { proxyCore, loadCore } = this.#options;
    await waitUntilQuiet([proxyCore, loadCore], QUIET_LIMIT_MS);
    const pids = { proxy: target.process.pid, backend: this.#load.tool.pid };
    const before = look(pids);
    const run = new PinnedProcess(loadCore, this.#path, this.#arguments(target, shape, seconds));
    await run.exited();
    const after = look(pids);
    const answer = parseH2load(run.output);
    if (answer === undefined) throw new Error(`h2load has no result: ${run.lastWords || 'it ended without a word'}`);
    requireAnswers(answer);
    const userUs = (after.proxyUserMs - before.proxyUserMs) * 1000;
    const cpuUs = userUs + (after.proxySystemMs - before.proxySystemMs) * 1000;
    return {
      figures: {
        cpuUs: cpuUs / answer.requests,
        userUs: userUs / answer.requests,
        rps: answer.requests / seconds,
        busyPercent: (cpuUs / 1e6 / seconds) * 100,
        meanUs: answer.meanUs,
        afterMb: residentMb(target.process.pid),
        errors: answer.errors,
      },
      foreignShare: foreignShare(before, after, [proxyCore, loadCore]),
    };
  }

  #arguments(target: RunningPeer, { connections, streams }: Http2Shape, seconds: number): string[] {
    const { kind, port } = target.scenario;
    // Its --warm-up-time has requests that are not counted and CPU time that would be.
    const common = ['-D', `${Math.round(seconds * 1000)}ms`, '--warm-up-time', '0'];
    const load = ['-c', String(connections), '-m', String(streams), '-H', `:authority: ${HOSTS[0]!}`];
    if (kind !== 'grpc') return [...common, ...load, `http://127.0.0.1:${port}${REQUEST_PATH}`];
    const headers = ['content-type: application/grpc', 'te: trailers', 'user-agent: grpc-go/1.60.0'];
    const body = ['-d', this.#bodyFile, ...headers.flatMap((header) => ['-H', header])];
    return [...common, ...load, ...body, `http://127.0.0.1:${port}${GRPC_PATH}`];
  }
}

/** Where h2load is. Throws with how to get it. */
export function requireH2load(): string {
  const path = findH2load();
  if (path !== undefined) return path;
  throw new Error('h2load, the load generator of HTTP/2, is missing: apt-get install nghttp2-client');
}

/**
 * Throws when there is nothing to divide by, or when more than a hundredth failed: an error costs a proxy less than the
 * answer that it stands for, so that the figure would flatter it.
 */
export function requireAnswers({ requests, errors }: H2loadAnswer): void {
  if (requests === 0) throw new Error('it answered no request');
  if (errors > requests / 100) throw new Error(`${errors} of ${requests} requests failed`);
}

/** Reads h2load's report; undefined when it is none. */
export function parseH2load(text: string): H2loadAnswer | undefined {
  const requests = /^requests: .* (\d+) done, \d+ succeeded, (\d+) failed,/m.exec(text);
  const statuses = /^status codes: \d+ 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx/m.exec(text);
  const times = /^time for request: +\S+ +\S+ +([\d.]+)(us|ms|s) /m.exec(text);
  if (requests === null || statuses === null || times === null) return undefined;
  const [, done, failed] = requests.map(Number);
  // A status from 400 on counts as failed already.
  const redirected = Number(statuses[1]);
  return { requests: done!, errors: failed! + redirected, meanUs: Number(times[1]) * MICROSECONDS[times[2]!]! };
}

const MICROSECONDS: Readonly<Record<string, number>> = { us: 1, ms: 1000, s: 1_000_000 };

/** The CPU times of all that takes part, at one moment. */
interface Look {
  readonly atMs: number;
  readonly proxyUserMs: number;
  readonly proxySystemMs: number;
  /** The proxy, the backend, and this process with the h2loads that have ended. */
  readonly oursMs: number;
  readonly cores: ReadonlyMap<number, CoreTime>;
}

function look(pids: { readonly proxy: number; readonly backend: number }): Look {
  const proxy = cpuTime(pids.proxy);
  const backend = cpuTime(pids.backend);
  const { user, system } = process.cpuUsage();
  return {
    atMs: performance.now(),
    proxyUserMs: proxy.userMs,
    proxySystemMs: proxy.systemMs,
    oursMs:
      proxy.userMs + proxy.systemMs + backend.userMs + backend.systemMs + (user + system) / 1000 + endedChildrenMs(),
    cores: readCoreTimes(),
  };
}

/** As bench/tools/measure.h has it: what of the two cores' time was neither idle nor ours. */
function foreignShare(before: Look, after: Look, cores: readonly number[]): number {
  const idleMs = (at: Look) => cores.reduce((sum, core) => sum + (at.cores.get(core)?.idleMs ?? 0), 0);
  const allMs = (after.atMs - before.atMs) * cores.length;
  return 1 - (idleMs(after) - idleMs(before) + after.oursMs - before.oursMs) / allMs;
}
