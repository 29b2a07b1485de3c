/**
 * Connect's conformance suite with a proxy in the middle: Connect, gRPC and gRPC-Web over HTTP/1.1 and over HTTP/2 in
 * cleartext, every kind of stream, errors, time limits, cancellation, metadata and trailers.
 *
 *   PROXY=envoy  judges Envoy instead, which passes all of them: the case counts below
 */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { goPeerPath, missingGoPeers, run } from './go-peers.ts';
import { chosenKind, missingProxy, RunningProxy } from './proxies.ts';

const kind = chosenKind();
const skip = missingProxy(kind) || missingGoPeers('connectconformance', 'referenceclient', 'referenceserver');

/** Two encodings of bodies are enough: they are nothing to a proxy, and all six triple the time. */
const FEATURES = `
features:
  versions: [HTTP_VERSION_1, HTTP_VERSION_2]
  protocols: [PROTOCOL_CONNECT, PROTOCOL_GRPC, PROTOCOL_GRPC_WEB]
  codecs: [CODEC_PROTO, CODEC_JSON]
  compressions: [COMPRESSION_IDENTITY, COMPRESSION_GZIP]
  supportsTls: false
  supportsHalfDuplexBidiOverHttp1: true
`;

/** How many there are of these features, by the side that is tested. */
const CASES = { server: 1990, client: 2671 };

/**
 * A status from 600 on is not valid (RFC 9110 section 15): Outrider answers 502 in its place, where Envoy passes it on. Five
 * cases of the client's side.
 */
const DELIBERATE = /\/nonexistent-http-status-code:/;

const LIMIT_MS = 300_000;
const FAILURES_SHOWN = 20;

/** Runs the suite with a program of this folder as the client or the server that it tests. */
async function judge(t: Test, mode: 'client' | 'server', cases: number): Promise<void> {
  const config = join(t.testdir({ 'features.yaml': FEATURES }), 'features.yaml');
  const peer = [process.execPath, join(import.meta.dirname, `connect-${mode}.ts`)];
  // Which side takes the parallelism is which side makes the calls.
  const command = mode === 'server' ? ['-p', '4', '--', ...peer] : ['--', ...peer, '-p', '4'];
  const args = ['--conf', config, '--mode', mode, '--max-servers', '2', ...command];
  // What a test runner wants of its children is not for these.
  const { NODE_OPTIONS: _, ...env } = process.env;
  const { exitCode, output } = await run(goPeerPath('connectconformance'), args, LIMIT_MS, { ...env, PROXY: kind });
  const total = Number(/^Total cases: (\d+)$/m.exec(output)?.[1] ?? 0);
  const failed = Array.from(output.matchAll(/^FAILED: (.*(?:\n\s+.*)*)/gm), ([, name]) => name!);
  console.log(`Connect conformance, ${kind}, the ${mode}’s side: ${total - failed.length} of ${total} pass`);
  const unexpected = failed.filter((name) => kind === 'envoy' || !DELIBERATE.test(name));
  t.same(unexpected.slice(0, FAILURES_SHOWN), [], `${unexpected.length} cases fail`);
  if (failed.length === 0) t.equal(exitCode, 0, exitCode === 0 ? 'the runner is content' : output.slice(-1_000));
  t.equal(total, cases, 'all cases ran');
}

/** Says once, and clearly, when a proxy cannot be started with what the suite asks of it. */
t.before(async () => {
  if (skip !== false) return;
  const proxy = await RunningProxy.start(kind, { upstreamPort: 1, upstream: 'as-received' });
  await proxy.stop();
});

t.test('clients reach the reference server through a proxy', { skip, timeout: LIMIT_MS + 10_000 }, async (t) => {
  await judge(t, 'server', CASES.server);
});

t.test('the reference client reaches all servers through a proxy', { skip, timeout: LIMIT_MS + 10_000 }, async (t) => {
  await judge(t, 'client', CASES.client);
});
