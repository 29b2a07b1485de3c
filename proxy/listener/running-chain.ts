/** A filter chain as it runs. Made by `activate/`; as long as its configuration is the same, it is the same object. */
import type { FilterChainConfig } from '../config/model/listener.ts';
import type { ConnectionManager } from '../http/connection-manager.ts';
import type { ConnectionService } from '../net/service.ts';
import type { TlsAcceptor } from '../net/tls/tls-acceptor.ts';

export interface RunningChain {
  readonly config: FilterChainConfig;
  /** Null for connections in the clear. */
  readonly tls: TlsAcceptor | null;
  readonly service: ConnectionService;
  /** Of an HTTP chain; null for TCP. */
  readonly manager: ConnectionManager | null;
}

/** All chains of a listener. */
export interface RunningChains {
  readonly chains: readonly RunningChain[];
  readonly fallback: RunningChain | null;
}

/** Every chain there is. */
export function allChains({ chains, fallback }: RunningChains): readonly RunningChain[] {
  return fallback === null ? chains : [...chains, fallback];
}
