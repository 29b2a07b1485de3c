/** `npm run bench -- COMMAND`: side-by-side benchmarks. See README.md beside this file. */
import { parseArgs } from 'node:util';
import { findChanges, findRegressions, renderChanges } from './compare.ts';
import { benchControlPlane } from './control-plane/bench.ts';
import { CONTROL_PLANE_HELP, parseControlPlaneOptions } from './control-plane/options.ts';
import { benchAbuse } from './macro/abuse.ts';
import { benchHttp } from './macro/http1.ts';
import { benchGrpc, benchGrpcLarge, benchGrpcSingle, benchHop } from './macro/http2.ts';
import { benchInterception } from './macro/interception.ts';
import { benchMemory } from './macro/memory.ts';
import { benchMesh } from './macro/mesh.ts';
import { benchOverload } from './macro/overload.ts';
import { benchStart } from './macro/start.ts';
import { benchTcp } from './macro/tcp.ts';
import { benchMicro } from './micro/micro.ts';
import { type BenchOptions, OPTION_HELP, parseBenchOptions, parseNumber } from './options.ts';
import { pinSelf } from './processes.ts';
import { type Result, readResults, renderResult, writeResult } from './results.ts';
import { setup } from './setup.ts';

const USAGE = `usage: npm run bench -- COMMAND
  setup                       builds the tools, finds or fetches the peers
  http1 [OPTIONS]             HTTP/1.1: CPU per request, throughput, latency, memory; features on
  http2 [OPTIONS]             the four that follow, one after the other; features on
    grpc [OPTIONS]            unary gRPC calls, 10 connections of 10 streams
    grpc-single [OPTIONS]     the same with one call at a time on each connection
    grpc-large [OPTIONS]      10 connections of 10 streams, with answers of 64 KiB
    hop [OPTIONS]             HTTP/1.1 in and HTTP/2 out, HTTP/1.1 on both sides, HTTP/2 in and HTTP/1.1 out
  mesh [OPTIONS]              what the mesh's defaults cost, on the way out and on the way in
  tls-terminate [OPTIONS]     the same with TLS 1.3 from the client; features off
  tls-originate [OPTIONS]     the same with mutual TLS 1.3 to the backend; features off
  tcp [OPTIONS]               bytes: bulk and small echoes
  memory [OPTIONS]            resident memory: idle, after load, with 4,000 idle connections; features on
  start [OPTIONS]             time from the start of the process to the first answer; features on
  interception [OPTIONS]      what interception by the kernel adds to a connection; as root, in namespaces of its own
  abuse [OPTIONS]             what a good client notices of hostile HTTP/2 clients: its p99 beside each kind of abuse
  overload [OPTIONS]          answers in time of an application that is asked for more than it can do
  control-plane [CONTROL]     what the control plane costs with 1,000 sidecars, beside its targets
  micro [PART OF NAME] [--rounds 15] [--json FILE]
  compare BEFORE.json AFTER.json [--threshold 1.1]
CONTROL: ${CONTROL_PLANE_HELP}
OPTIONS: ${OPTION_HELP}`;

/** The benches against peers, and whether features are on by default. */
const BENCHES: Readonly<Record<string, { run(options: BenchOptions): Promise<Result>; features: 'on' | 'off' }>> = {
  http1: { run: (options) => benchHttp('http1', options), features: 'on' },
  'tls-terminate': { run: (options) => benchHttp('tls-terminate', options), features: 'off' },
  'tls-originate': { run: (options) => benchHttp('tls-originate', options), features: 'off' },
  tcp: { run: benchTcp, features: 'off' },
  memory: { run: benchMemory, features: 'on' },
  start: { run: benchStart, features: 'on' },
  grpc: { run: benchGrpc, features: 'on' },
  'grpc-single': { run: benchGrpcSingle, features: 'on' },
  'grpc-large': { run: benchGrpcLarge, features: 'on' },
  hop: { run: benchHop, features: 'on' },
  mesh: { run: benchMesh, features: 'on' },
  interception: { run: benchInterception, features: 'off' },
};

/** Commands that run several benches. */
const GROUPS: Readonly<Record<string, readonly string[]>> = { http2: ['grpc', 'grpc-single', 'grpc-large', 'hop'] };

async function main(args: readonly string[]): Promise<number> {
  const [command = '', ...rest] = args;
  const names = GROUPS[command] ?? [command];
  const benches = names.map((name) => BENCHES[name]).filter((bench) => bench !== undefined);
  if (benches.length > 0) return runBenches(benches, rest);
  if (command === 'setup') return setup(console.log);
  if (command === 'abuse') return runTold(benchAbuse, rest);
  if (command === 'overload') return runTold(benchOverload, rest);
  if (command === 'control-plane') return runControlPlane(rest);
  if (command === 'micro') return runMicro(rest);
  if (command === 'compare') return compare(rest);
  console.error(USAGE);
  return 2;
}

async function runBenches(benches: readonly (typeof BENCHES)[string][], args: readonly string[]): Promise<number> {
  for (const bench of benches) {
    const options = parseBenchOptions(args, bench.features);
    pinSelf(options.loadCore);
    report(await bench.run(options), options.json);
  }
  return 0;
}

/** A bench that tells its result itself. */
async function runTold(bench: (options: BenchOptions) => Promise<string>, args: readonly string[]): Promise<number> {
  const options = parseBenchOptions(args, 'off');
  pinSelf(options.loadCore);
  console.log(await bench(options));
  return 0;
}

async function runControlPlane(args: readonly string[]): Promise<number> {
  console.log(await benchControlPlane(parseControlPlaneOptions(args)));
  return 0;
}

async function runMicro(args: readonly string[]): Promise<number> {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { rounds: { type: 'string', default: '15' }, json: { type: 'string' } },
  });
  const rounds = parseNumber('--rounds', values.rounds, 1, 1000, true);
  return report(await benchMicro(positionals.join(' '), rounds), values.json);
}

function report(result: Result, file: string | undefined): number {
  console.log(renderResult(result));
  if (file !== undefined) writeResult(file, result);
  return 0;
}

function compare(args: readonly string[]): number {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { threshold: { type: 'string', default: '1.1' } },
  });
  const [before, after] = positionals;
  if (before === undefined || after === undefined || positionals.length !== 2) {
    throw new Error('compare takes two result files: BEFORE.json AFTER.json');
  }
  const changes = findChanges(readResults(before), readResults(after));
  if (changes.length === 0) throw new Error(`${before} and ${after} have no judged figure in common`);
  const regressions = findRegressions(changes, parseNumber('--threshold', values.threshold, 1, 100, false));
  console.log(renderChanges(changes, regressions));
  return regressions.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(`bench: ${(error as Error).message}`);
  process.exitCode = 2;
}
