/**
 * A part of 127.0.0.0/8 that one application has to itself: several of them on one machine, each with a sidecar that listens
 * at every service's address.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { LOOPBACK_NETWORK, LOWEST_PORT, type LoopbackPorts } from '../../control-plane/translate/node.ts';
import { CliError } from '../errors.ts';

/** It is the application's until `release`. */
export interface LoopbackNetwork {
  readonly node: LoopbackPorts;
  readonly release: () => void;
}

/** No service has the last address. */
const CLAIM = { host: '255.255', port: 15_053 };
const LAST_NETWORK = 254;
const HTTP_PORT = 80;
const LOWEST_PORT_FILE = '/proc/sys/net/ipv4/ip_unprivileged_port_start';

/** The first that nobody has. Rejects with a sentence where loopback has one address only, or all are taken. */
export async function claimNetwork(): Promise<LoopbackNetwork> {
  for (let number = LOOPBACK_NETWORK; number <= LAST_NETWORK; number++) {
    const host = `127.${number}.${CLAIM.host}`;
    const claim = await bind(host, CLAIM.port);
    if (claim === 'EADDRINUSE') continue;
    if (typeof claim === 'string')
      throw new CliError(
        `--loopback: ${host} cannot be listened at here (${claim}): the machine has to have all of 127.0.0.0/8`,
      );
    const privileged = await bind(host, HTTP_PORT);
    if (typeof privileged !== 'string') privileged.close();
    const lowestPort = privileged === 'EACCES' ? unprivilegedPort() : 1;
    return { node: { kind: 'loopback', network: number, lowestPort }, release: () => claim.close() };
  }
  throw new CliError(
    `--loopback: 127.${LOOPBACK_NETWORK}.0.0/16 to 127.${LAST_NETWORK}.0.0/16 are all taken by others`,
  );
}

async function bind(host: string, port: number): Promise<Server | string> {
  const server = createServer((socket) => socket.destroy());
  try {
    await once(server.listen({ host, port, exclusive: true }), 'listening');
    server.unref();
    return server;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

function unprivilegedPort(): number {
  try {
    return Number(readFileSync(LOWEST_PORT_FILE, 'utf8')) || LOWEST_PORT;
  } catch {
    return LOWEST_PORT;
  }
}
