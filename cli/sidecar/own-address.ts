/** The address of this machine or container under which another one knows it. */
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import type { ServerAddress } from '../../control-plane/translate/control-plane-cluster.ts';

/** That of the interface by which `peer` is reached. Sends nothing. Rejects when the name is not known, or no way leads there. */
export async function ownAddress({ host, port }: ServerAddress): Promise<string> {
  const { address, family } = await lookup(host);
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  try {
    // A datagram socket that is connected has an address, and has told nobody.
    socket.connect(port, address);
    await once(socket, 'connect');
    return socket.address().address;
  } finally {
    socket.close();
  }
}
