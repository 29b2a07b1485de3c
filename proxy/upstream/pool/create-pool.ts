import type { SocketAddress } from '../../config/model/common.ts';
import type { EndpointUse } from '../guard/in-use.ts';
import { AlpnPool } from './alpn-pool.ts';
import { Http1Pool } from './http1-pool.ts';
import { Http2Pool } from './http2-pool.ts';
import { MixedPool } from './mixed-pool.ts';
import type { PoolHost, UpstreamPool } from './pool.ts';

/** A pool of one endpoint, for the protocol that its cluster asks for. */
export function createPool(host: PoolHost, address: SocketAddress, use: EndpointUse): UpstreamPool {
  switch (host.config.protocol) {
    case 'http1':
      return new Http1Pool(host, address, use);
    case 'http2':
      return new Http2Pool(host, address, use);
    case 'alpn':
      return new AlpnPool(host, address, use);
    case 'downstream':
      return new MixedPool(host, address, use);
  }
}
