/**
 * Free ports on loopback, below the range from which the system takes ports for outgoing connections, so that nothing
 * takes one between the choice and the bind.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Random } from '../../../../kernel/random.ts';

const FIRST = 20_000;
const LAST = 31_999;

/** Finds `count` ports that can be bound and are not in `taken`. Rejects when the range is used up. */
export async function findFreePorts(count: number, taken: ReadonlySet<number>, random: Random): Promise<number[]> {
  const size = LAST - FIRST + 1;
  const offset = Math.floor(random.next() * size);
  const found: number[] = [];
  for (let i = 0; i < size && found.length < count; i++) {
    const port = FIRST + ((offset + i) % size);
    if (!taken.has(port) && (await canBind(port))) found.push(port);
  }
  if (found.length < count)
    throw new Error(`no free port from ${FIRST} to ${LAST}: ${taken.size} are in use by replicas`);
  return found;
}

async function canBind(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ port, host: '127.0.0.1', exclusive: true });
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    if (server.listening) {
      server.close();
      await once(server, 'close');
    }
  }
}
