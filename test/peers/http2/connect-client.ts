/**
 * A client under test for Connect's conformance runner: the reference client, whose every call is turned to a proxy in
 * front of the server that it is meant for. Each server of the runner gets a proxy of its own.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimited, MessageReader, readInteger, withInteger } from './connect-messages.ts';
import { goPeerPath } from './go-peers.ts';
import { mortal } from './mortal.ts';
import { chosenKind, RunningProxy } from './proxies.ts';

/** The port in a ClientCompatRequest. */
const PORT = 7;

const client = spawn(...mortal(goPeerPath('referenceclient'), process.argv.slice(2)), {
  stdio: ['pipe', 'inherit', 'inherit'],
});
const proxies = new Map<number, RunningProxy>();

async function end(exitCode: number): Promise<never> {
  client.kill('SIGKILL');
  await Promise.all(Array.from(proxies.values(), (proxy) => proxy.stop()));
  process.exit(exitCode);
}

async function proxyOf(upstreamPort: number): Promise<RunningProxy> {
  const started = proxies.get(upstreamPort);
  if (started !== undefined) return started;
  const proxy = await RunningProxy.start(chosenKind(), { upstreamPort, upstream: 'as-received' });
  proxies.set(upstreamPort, proxy);
  return proxy;
}

/** Hands every call on, to the proxy. */
async function relay(): Promise<void> {
  const reader = new MessageReader();
  for await (const piece of process.stdin) {
    for (const message of reader.take(piece)) {
      const { port } = await proxyOf(readInteger(message, PORT));
      if (!client.stdin.write(delimited(withInteger(message, PORT, port)))) await once(client.stdin, 'drain');
    }
  }
  client.stdin.end();
}

process.once('SIGTERM', () => end(0));
client.once('exit', (exitCode) => end(exitCode ?? 1));
relay().catch((error: Error) => {
  console.error(error.message);
  return end(1);
});
