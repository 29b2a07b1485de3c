/** HAProxy 2.6 configuration with the same features as the others. */
import {
  certificatesOf,
  endpointPorts,
  HOSTS,
  LIMITS,
  PREFIXES,
  type Scenario,
  sendsHttp2,
  takesHttp2,
} from './scenario.ts';

/**
 * Connections that HAProxy may hold. It refuses to start when twice this does not fit the limit of open files, and the
 * memory bench keeps 4,000 open.
 */
const CONNECTIONS_MAX = 4500;

/** The map of routes beside the configuration: `host/prefix` to backend, longest match first by HAProxy's own tree. */
export function haproxyRoutes(): string {
  return HOSTS.flatMap((host) => PREFIXES.map((prefix) => `${host}${prefix} orders`))
    .join('\n')
    .concat('\n');
}

/** The configuration. `routesFile` is where haproxyRoutes() was written; it is read only with features on. */
export function haproxyConfig(scenario: Scenario, routesFile: string): string {
  const mode = scenario.kind === 'tcp' ? 'tcp' : 'http';
  const lines = [
    'global',
    '  nbthread 1',
    `  maxconn ${CONNECTIONS_MAX}`,
    'defaults',
    `  mode ${mode}`,
    `  timeout connect ${LIMITS.connectTimeoutMs}ms`,
    `  timeout server ${LIMITS.requestTimeoutMs}ms`,
    '  timeout client 300s',
    ...(mode === 'http' ? ['  timeout http-keep-alive 300s', '  http-reuse always'] : []),
    'frontend main',
    `  bind 127.0.0.1:${scenario.port}${listenerOptions(scenario)}`,
    ...(scenario.features && mode === 'http' ? features(routesFile) : ['  default_backend orders']),
    'backend orders',
    ...(scenario.features ? ['  balance random(2)'] : []),
    ...endpointPorts(scenario).map((port, i) => `  server s${i} 127.0.0.1:${port}${serverOptions(scenario)}`),
    'frontend admin',
    '  mode http',
    `  bind 127.0.0.1:${scenario.adminPort}`,
    '  stats enable',
    '  stats uri /stats',
  ];
  return lines.join('\n').concat('\n');
}

function features(routesFile: string): string[] {
  return [
    '  option forwardfor',
    '  http-request set-header X-Forwarded-Proto http',
    // The header is added, not set: a client's own id has to go first.
    '  http-request del-header X-Request-ID',
    '  unique-id-format %[uuid()]',
    '  unique-id-header X-Request-ID',
    `  use_backend %[base,map_beg(${routesFile})]`,
  ];
}

function serverOptions(scenario: Scenario): string {
  const guards = scenario.features
    ? ` maxconn ${LIMITS.requestsInFlight} check inter 10s observe layer7 error-limit ${LIMITS.consecutiveFailures} on-error mark-down`
    : '';
  if (sendsHttp2(scenario.kind)) return ` proto h2${guards}`;
  if (scenario.kind !== 'tls-originate') return guards;
  const { ca, clientBoth } = certificatesOf(scenario);
  return `${guards} ssl verify required ca-file ${ca} crt ${clientBoth} sni str(localhost) ssl-min-ver TLSv1.3`;
}

function listenerOptions(scenario: Scenario): string {
  if (takesHttp2(scenario.kind)) return ' proto h2';
  if (scenario.kind !== 'tls-terminate') return '';
  return ` ssl crt ${certificatesOf(scenario).serverBoth} ssl-min-ver TLSv1.3`;
}
