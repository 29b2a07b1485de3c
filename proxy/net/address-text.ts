import type { SocketAddress } from '../config/model/common.ts';

/** `127.0.0.1:80`, `[::1]:80`. */
export function addressText({ host, port }: SocketAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
