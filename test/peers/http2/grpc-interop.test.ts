/**
 * gRPC's own interoperability client calls its own server through one proxy, and through two in a row: every case that
 * needs no credentials of Google's.
 *
 *   PROXY=envoy  judges Envoy instead, which passes all of them
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { freePorts } from '../../free-ports.ts';
import { goPeerPath, missingGoPeers, run } from './go-peers.ts';
import { mortal } from './mortal.ts';
import { accepts, chosenKind, missingProxy, RunningProxy } from './proxies.ts';

const kind = chosenKind();
const skip = missingProxy(kind) || missingGoPeers('grpc-interop-client', 'grpc-interop-server');

const CASES: readonly string[] = [
  'empty_unary',
  'large_unary',
  'client_streaming',
  'server_streaming',
  'ping_pong',
  'empty_stream',
  'timeout_on_sleeping_server',
  'cancel_after_begin',
  'cancel_after_first_response',
  'status_code_and_message',
  'special_status_message',
  'custom_metadata',
  'unimplemented_method',
  'unimplemented_service',
  'orca_per_rpc',
  'orca_oob',
  'rpc_soak',
  'channel_soak',
];

/** A hundred calls of half a megabyte both ways, four at a time. */
const SOAK = ['--soak_iterations=100', '--soak_num_threads=4', '--soak_overall_timeout_seconds=30'];
/** Hands load reports, which come with an answer or on a stream of their own, to the case that asks for them. */
const ORCA = '--service_config_json={"loadBalancingConfig":[{"test_backend_metrics_load_balancer":{}}]}';
const CASE_LIMIT_MS = 40_000;
const START_LIMIT_MS = 10_000;

async function startServer(t: Test): Promise<number> {
  const [port] = await freePorts(1);
  const child = spawn(...mortal(goPeerPath('grpc-interop-server'), [`--port=${port}`]), { stdio: 'ignore' });
  t.teardown(() => ended(child));
  const deadline = performance.now() + START_LIMIT_MS;
  while (!(await accepts(port!))) {
    if (performance.now() > deadline) throw new Error(`the interop server does not listen on ${port}`);
    await sleep(10);
  }
  return port!;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exited;
}

/** Proxies in a row in front of that port; gives the first one's port. */
async function startChain(t: Test, length: number, serverPort: number): Promise<number> {
  let port = serverPort;
  for (let index = 0; index < length; index++) {
    const proxy = await RunningProxy.start(kind, { upstreamPort: port, upstream: 'http2' });
    t.teardown(() => proxy.stop());
    port = proxy.port;
  }
  return port;
}

/** The lines that say what went wrong; a soak prints a histogram around them. */
function complaints(output: string): string {
  const lines = output.split('\n').filter((line) => /FATAL|failed|Total failures/.test(line));
  return lines.length === 0 ? `it ends without a word, or has to be ended after ${CASE_LIMIT_MS} ms` : lines.join('\n');
}

for (const [length, through] of [
  [1, 'one proxy'],
  [2, 'two proxies in a row'],
] as const) {
  t.test(`gRPC interoperability through ${through}`, { skip, timeout: 400_000 }, async (t) => {
    const port = await startChain(t, length, await startServer(t));
    for (const name of CASES) {
      await t.test(name, async (t) => {
        const place = ['--server_host=127.0.0.1', `--server_port=${port}`, `--test_case=${name}`];
        const args = [...place, ...SOAK, ...(name.startsWith('orca_') ? [ORCA] : [])];
        const { exitCode, output } = await run(goPeerPath('grpc-interop-client'), args, CASE_LIMIT_MS);
        t.equal(exitCode, 0, exitCode === 0 ? 'it ends well' : complaints(output));
      });
    }
  });
}
