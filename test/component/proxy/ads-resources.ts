/** xDS resources as a scripted control plane sends them. */
import { Cluster, Cluster_DiscoveryType } from '../../../protos/gen/envoy/config/cluster/v3/cluster.ts';
import { ClusterLoadAssignment } from '../../../protos/gen/envoy/config/endpoint/v3/endpoint.ts';
import { Listener } from '../../../protos/gen/envoy/config/listener/v3/listener.ts';
import { RouteConfiguration } from '../../../protos/gen/envoy/config/route/v3/route.ts';
import { Router } from '../../../protos/gen/envoy/extensions/filters/http/router/v3/router.ts';
import { HttpConnectionManager } from '../../../protos/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.ts';
import { type AnyMessage, packAny } from '../../../protos/json/registry.ts';

/** A cluster whose endpoints come over ADS. */
export function eds(name: string, connectSeconds = 1): AnyMessage {
  const message = Cluster.fromPartial({
    name,
    connectTimeout: { seconds: connectSeconds },
    clusterDiscoveryType: { $case: 'type', value: Cluster_DiscoveryType.EDS },
    edsClusterConfig: { edsConfig: { configSourceSpecifier: { $case: 'ads', value: {} } } },
  });
  return packAny('envoy.config.cluster.v3.Cluster', message);
}

/** One endpoint on 127.0.0.1. */
export function endpoints(clusterName: string, port: number): AnyMessage {
  const value = { address: '127.0.0.1', portSpecifier: { $case: 'portValue' as const, value: port } };
  const message = ClusterLoadAssignment.fromPartial({
    clusterName,
    endpoints: [
      {
        lbEndpoints: [
          {
            hostIdentifier: {
              $case: 'endpoint',
              value: { address: { address: { $case: 'socketAddress', value } } },
            },
          },
        ],
      },
    ],
  });
  return packAny('envoy.config.endpoint.v3.ClusterLoadAssignment', message);
}

/** A listener on a free port, with routes over RDS. */
export function listener(name: string, routes: string): AnyMessage {
  const manager = HttpConnectionManager.fromPartial({
    statPrefix: name,
    routeSpecifier: {
      $case: 'rds',
      value: { routeConfigName: routes, configSource: { configSourceSpecifier: { $case: 'ads', value: {} } } },
    },
    httpFilters: [
      {
        name: 'envoy.filters.http.router',
        configType: {
          $case: 'typedConfig',
          value: packAny('envoy.extensions.filters.http.router.v3.Router', Router.fromPartial({})),
        },
      },
    ],
  });
  const typedConfig = packAny(
    'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    manager,
  );
  const message = Listener.fromPartial({
    name,
    address: {
      address: {
        $case: 'socketAddress',
        value: { address: '127.0.0.1', portSpecifier: { $case: 'portValue', value: 0 } },
      },
    },
    filterChains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            configType: { $case: 'typedConfig', value: typedConfig },
          },
        ],
      },
    ],
  });
  return packAny('envoy.config.listener.v3.Listener', message);
}

/** Everything to that cluster. */
export function routes(name: string, cluster: string): AnyMessage {
  const message = RouteConfiguration.fromPartial({
    name,
    virtualHosts: [
      {
        name: 'all',
        domains: ['*'],
        routes: [
          {
            match: { pathSpecifier: { $case: 'prefix', value: '/' } },
            action: {
              $case: 'route',
              value: { clusterSpecifier: { $case: 'cluster', value: cluster } },
            },
          },
        ],
      },
    ],
  });
  return packAny('envoy.config.route.v3.RouteConfiguration', message);
}
