/**
 * xDS over a socket in the state directory, for clients of other makes on this machine: some of them, such as grpc-js, have
 * no way to show a credential. Who may open the file is whom the state directory belongs to, who has the administrator's
 * token beside it. Agents do not come in here: instances are registered under a credential.
 */
import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { Logger } from '../kernel/log.ts';
import { addXdsServices, bindGrpcServer, XDS_SERVER_OPTIONS, type XdsServers } from './grpc-server.ts';

/** The name of the socket in the state directory. */
const FILE = 'xds.sock';
/** sizeof(sun_path) of Linux is 108, of macOS 104, with the zero at the end. */
const PATH_BYTES_MAX = 103;

/** The server, serving; undefined where the directory's path is too long for a socket, which is said in the log. */
export async function serveLocalXds(stateDir: string, xds: XdsServers, logger: Logger): Promise<Server | undefined> {
  const path = join(stateDir, FILE);
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) {
    logger.warn(
      { path, bytesMax: PATH_BYTES_MAX },
      'no xDS socket: its path is too long; choose a state directory with a shorter one',
    );
    return undefined;
  }
  const server = new Server(XDS_SERVER_OPTIONS);
  addXdsServices(server, xds);
  // One that a killed control plane has left. The store is locked by now, so that it is nobody's.
  rmSync(path, { force: true });
  await bindGrpcServer(server, `unix:${path}`, ServerCredentials.createInsecure());
  chmodSync(path, 0o600);
  return server;
}
