/**
 * A server under test for Connect's conformance runner: the reference server with a proxy in front of it. The runner
 * starts one for each version of HTTP and each protocol, and is told the proxy's port.
 */
import { spawn } from 'node:child_process';
import { delimited, MessageReader, readInteger, withInteger } from './connect-messages.ts';
import { goPeerPath } from './go-peers.ts';
import { mortal } from './mortal.ts';
import { chosenKind, RunningProxy } from './proxies.ts';

/** The port in a ServerCompatResponse. */
const PORT = 2;

const server = spawn(...mortal(goPeerPath('referenceserver'), []), { stdio: ['pipe', 'pipe', 'inherit'] });
process.stdin.pipe(server.stdin);
let proxy: RunningProxy | undefined;

async function end(exitCode: number): Promise<never> {
  server.kill('SIGKILL');
  await proxy?.stop();
  process.exit(exitCode);
}

/** Waits until the server says where it listens, and says where the proxy does. */
async function begin(): Promise<void> {
  const reader = new MessageReader();
  for await (const piece of server.stdout) {
    for (const message of reader.take(piece)) {
      proxy = await RunningProxy.start(chosenKind(), {
        upstreamPort: readInteger(message, PORT),
        upstream: 'as-received',
      });
      process.stdout.write(delimited(withInteger(message, PORT, proxy.port)));
    }
  }
}

process.once('SIGTERM', () => end(0));
server.once('exit', () => end(1));
begin().catch((error: Error) => {
  console.error(error.message);
  return end(1);
});
