/** Envoy with what it has against overload: its adaptive concurrency filter, with the settings that its documentation shows. */
import { envoyBootstrap } from './envoy-bootstrap.ts';
import type { Peer } from './peers.ts';

const FILTER = {
  name: 'envoy.filters.http.adaptive_concurrency',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.adaptive_concurrency.v3.AdaptiveConcurrency',
    gradient_controller_config: {
      sample_aggregate_percentile: { value: 90 },
      concurrency_limit_params: { concurrency_update_interval: '0.1s' },
      min_rtt_calc_params: { jitter: { value: 10 }, interval: '60s', request_count: 50 },
    },
    enabled: { default_value: true, runtime_key: 'adaptive_concurrency.enabled' },
  },
};

/** What of the bootstrap is changed. */
interface Bootstrap {
  static_resources: {
    listeners: { filter_chains: { filters: { typed_config: { http_filters: object[] } }[] }[] }[];
  };
}

/** The same peer with the filter in front of the router. */
export function withAdaptiveConcurrency(envoy: Peer): Peer {
  return {
    ...envoy,
    launch: (path, scenario) => {
      const bootstrap = structuredClone(envoyBootstrap(scenario)) as unknown as Bootstrap;
      const [listener] = bootstrap.static_resources.listeners;
      listener!.filter_chains[0]!.filters[0]!.typed_config.http_filters.unshift(FILTER);
      const launch = envoy.launch(path, scenario);
      return { ...launch, files: launch.files.map((file) => ({ ...file, text: JSON.stringify(bootstrap) })) };
    },
  };
}
