/**
 * Ports of this machine that nobody listens on. They lie below those that Linux gives to outgoing connections (32768 to
 * 60999, net.ipv4.ip_local_port_range), so that nobody gets one by chance before whoever asked for it listens there.
 */
import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

const LOWEST = 16_384;
const HIGHEST = 32_767;
const TRIES = 100;

/** So many ports of 127.0.0.1 that were free a moment ago. All are held while they are collected, so that they differ. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, holdPort));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** One of them. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  return port!;
}

async function holdPort(): Promise<Server> {
  for (let i = 0; i < TRIES; i++) {
    const server = await listening(randomInt(LOWEST, HIGHEST + 1));
    if (server !== null) return server;
  }
  throw new Error(`${TRIES} ports from ${LOWEST} to ${HIGHEST} were tried, and none was free`);
}

/** Null when somebody else listens there. */
function listening(port: number): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
