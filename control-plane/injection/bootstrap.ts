/**
 * The bootstrap of a sidecar in a pod, as text: Envoy's own format in YAML, in which the kubelet replaces `$(NAME)` by
 * variables of the container (template.ts). So it is the same in every pod.
 *
 * Its static part is the port for the kubelet and Prometheus: of the admin port, which is on loopback, `/ready`,
 * `/stats/prometheus` and `/probe`, and nothing else.
 */
import { podNodeId } from '../../protos/contract/names.ts';
import { SIDECAR_PORTS } from '../../protos/contract/sidecar-place.ts';
import { CONTROL_PLANE_CLUSTER, controlPlaneCluster } from '../translate/control-plane-cluster.ts';
import type { JsonObject } from '../translate/resource.ts';
import { STATE_DIRECTORY, TOKEN_DIRECTORY } from './names.ts';
import type { InjectionSettings } from './settings.ts';

const HTTP_MANAGER = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const ROUTER = 'envoy.extensions.filters.http.router.v3.Router';
const ADMIN = 'outrider-admin';
const PAGES = ['/ready', '/stats/prometheus', '/probe'];
const STATE = 'state';

/** See the head of this file. */
export function sidecarBootstrap(settings: InjectionSettings): string {
  const json = JSON.stringify(bootstrap(settings));
  // Numbers and whole objects are no texts.
  return json.replaceAll(/"@(\$\(\w+\)|\{\$\(\w+\)\})"/g, '$1');
}

/** Stands there without the quotes of a text. */
const bare = (text: string) => `@${text}`;

function bootstrap(settings: InjectionSettings): JsonObject {
  const workload = '$(OUTRIDER_WORKLOAD)';
  const id = podNodeId({ workload, pod: '$(POD_NAME)', namespace: '$(POD_NAMESPACE)' });
  const ads = { ads: {}, resource_api_version: 'V3' };
  const outrider = {
    workload,
    services: [workload],
    version: '$(OUTRIDER_VERSION)',
    outbound_port: SIDECAR_PORTS.outbound,
    inbound_port: SIDECAR_PORTS.inbound,
    app_port: bare('$(OUTRIDER_PORT)'),
    interception: 'redirect',
    egress: '$(OUTRIDER_EGRESS)',
    ipv6: settings.ipv6,
    ...(settings.dns ? { dns_port: SIDECAR_PORTS.dns } : {}),
  };
  return {
    node: { id, cluster: workload, metadata: { outrider } },
    admin: { address: address('127.0.0.1', SIDECAR_PORTS.admin) },
    dynamic_resources: {
      ads_config: {
        api_type: 'DELTA_GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: CONTROL_PLANE_CLUSTER } }],
      },
      cds_config: ads,
      lds_config: ads,
    },
    static_resources: { listeners: [healthListener(settings)], clusters: [controlPlane(settings), adminCluster()] },
    bootstrap_extensions: [{ name: 'outrider.agent', typed_config: agentConfig(settings, workload) }],
  };
}

function agentConfig({ audience }: InjectionSettings, workload: string): JsonObject {
  return {
    '@type': 'type.googleapis.com/outrider.agent.v1.AgentConfig',
    cluster_name: CONTROL_PLANE_CLUSTER,
    identity: {
      workload,
      services: [workload],
      version: '$(OUTRIDER_VERSION)',
      region: '$(OUTRIDER_REGION)',
      zone: '$(OUTRIDER_ZONE)',
      address: '$(POD_IP)',
      port: SIDECAR_PORTS.inbound,
      protocol: '$(OUTRIDER_PROTOCOL)',
    },
    settings_port: SIDECAR_PORTS.settings,
    settings_file: `${STATE_DIRECTORY}/settings.json`,
    health_check: bare('{$(OUTRIDER_HEALTH)}'),
    probes: bare('{$(OUTRIDER_PROBES)}'),
    last_known_good_directory: `${STATE_DIRECTORY}/${STATE}`,
    ...(audience === null ? {} : { token_file: `${TOKEN_DIRECTORY}/token` }),
  };
}

function controlPlane({ controlPlane: [first, ...others], ca }: InjectionSettings): JsonObject {
  const name = { kind: 'dns', value: first!.host } as const;
  const trust = ca === null ? null : { authorities: { pem: ca }, name };
  return controlPlaneCluster({ ...first!, others, trust, certificate: null });
}

function healthListener({ ipv6 }: InjectionSettings): JsonObject {
  const route_config = {
    name: 'health',
    virtual_hosts: [
      {
        name: 'health',
        domains: ['*'],
        routes: PAGES.map((path) => ({ match: { path }, route: { cluster: ADMIN } })),
      },
    ],
  };
  const manager = {
    '@type': `type.googleapis.com/${HTTP_MANAGER}`,
    stat_prefix: 'health',
    route_config,
    http_filters: [{ name: 'envoy.filters.http.router', typed_config: { '@type': `type.googleapis.com/${ROUTER}` } }],
  };
  const filters = [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }];
  return {
    name: 'health',
    address: address(ipv6 ? '::' : '0.0.0.0', SIDECAR_PORTS.health),
    filter_chains: [{ filters }],
  };
}

function adminCluster(): JsonObject {
  const endpoint = { address: address('127.0.0.1', SIDECAR_PORTS.admin) };
  return {
    name: ADMIN,
    type: 'STATIC',
    connect_timeout: '1s',
    load_assignment: { cluster_name: ADMIN, endpoints: [{ lb_endpoints: [{ endpoint }] }] },
  };
}

function address(address: string, port_value: number): JsonObject {
  return { socket_address: { address, port_value } };
}
