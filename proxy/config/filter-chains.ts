import type { FilterChainConfig, ListenerConfig } from './model/listener.ts';

/** Every filter chain of a listener, the default one last. */
export function filterChainsOf({ filterChains, defaultFilterChain }: ListenerConfig): readonly FilterChainConfig[] {
  return defaultFilterChain === null ? filterChains : [...filterChains, defaultFilterChain];
}
