import type { SocketAddress } from '../../config/model/common.ts';
import { AlpnPool } from './alpn-pool.ts';
import { Http1Pool } from './http1-pool.ts';
import { Http2Pool } from './http2-pool.ts';
import { MixedPool } from './mixed-pool.ts';
import type { PoolHost, UpstreamPool } from './pool.ts';

/** The pool of one endpoint, for the protocol that its cluster asks for. */
export function createPool(host: PoolHost, address: SocketAddress): UpstreamPool {
  switch (host.config.protocol) {
    case 'http1':
      return new Http1Pool(host, address);
    case 'http2':
      return new Http2Pool(host, address);
    case 'alpn':
      return new AlpnPool(host, address);
    case 'downstream':
      return new MixedPool(host, address);
  }
}
