/**
 * nginx configuration with the same features as the others, as far as nginx has them: it keeps no counts per route. HTTP/2
 * to endpoints it has for gRPC alone, by another module with directives of its own.
 */
import { certificatesOf, endpointPorts, HOSTS, LIMITS, PREFIXES, type Scenario, takesHttp2 } from './scenario.ts';

/** nginx closes a connection after 1,000 requests unless told otherwise; the others never do. */
const REQUESTS_PER_CONNECTION = 1_000_000_000;

/** The configuration. `streamModule` is the file of nginx's stream module, needed for `tcp` only. */
export function nginxConfig(scenario: Scenario, streamModule: string | undefined): string {
  const traffic = scenario.kind === 'tcp' ? stream(scenario) : http(scenario);
  return [
    ...(scenario.kind === 'tcp' && streamModule !== undefined ? [`load_module ${streamModule};`] : []),
    'daemon off;',
    'worker_processes 1;',
    'error_log stderr crit;',
    `pid ${scenario.folder}/nginx.pid;`,
    'events { worker_connections 10000; }',
    ...traffic,
    '',
  ].join('\n');
}

function stream(scenario: Scenario): string[] {
  return [
    'stream {',
    `  upstream orders { ${servers(scenario)} }`,
    `  server { listen 127.0.0.1:${scenario.port}; proxy_pass orders; proxy_connect_timeout ${LIMITS.connectTimeoutMs}ms; }`,
    '}',
  ];
}

function http(scenario: Scenario): string[] {
  const { folder, kind } = scenario;
  const module = kind === 'grpc' ? 'grpc' : 'proxy';
  const named = HOSTS.map((host) => server(scenario, host, PREFIXES));
  return [
    'http {',
    '  access_log off;',
    // The worker of a root master runs as another user: nothing may have to go through its temporary folders.
    '  proxy_max_temp_file_size 0;',
    ...['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((each) => `  ${each}_temp_path ${folder}/${each};`),
    '  server_names_hash_bucket_size 128;',
    '  keepalive_timeout 300s;',
    `  keepalive_requests ${REQUESTS_PER_CONNECTION};`,
    ...(kind === 'grpc' ? [] : ['  proxy_http_version 1.1;', '  proxy_set_header Connection "";']),
    `  ${module}_set_header Host $host;`,
    `  ${module}_connect_timeout ${LIMITS.connectTimeoutMs}ms;`,
    `  ${module}_read_timeout ${LIMITS.requestTimeoutMs}ms;`,
    ...(scenario.features
      ? [
          `  ${module}_set_header X-Request-ID $request_id;`,
          `  ${module}_set_header X-Forwarded-For $proxy_add_x_forwarded_for;`,
          `  ${module}_set_header X-Forwarded-Proto $scheme;`,
        ]
      : []),
    ...upstreamTls(scenario),
    '  upstream orders {',
    '    zone orders 256k;',
    ...(scenario.features ? ['    random two least_conn;'] : []),
    `    ${servers(scenario)}`,
    '    keepalive 256;',
    `    keepalive_requests ${REQUESTS_PER_CONNECTION};`,
    '  }',
    ...(scenario.features ? named : [server(scenario, '_', ['/'])]),
    `  server { listen 127.0.0.1:${scenario.adminPort}; location /stats { stub_status; } }`,
    '}',
  ];
}

function servers(scenario: Scenario): string {
  const { requestsInFlight, consecutiveFailures, ejectionMs } = LIMITS;
  const guards = ` max_conns=${requestsInFlight} max_fails=${consecutiveFailures} fail_timeout=${ejectionMs / 1000}s`;
  return endpointPorts(scenario)
    .map((port) => `server 127.0.0.1:${port}${scenario.features ? guards : ''};`)
    .join(' ');
}

function server(scenario: Scenario, name: string, prefixes: readonly string[]): string {
  const pass = passDirective(scenario);
  const locations = prefixes.map((prefix) => `location ${prefix} { ${pass} }`).join(' ');
  const options = scenario.kind === 'tls-terminate' ? ' ssl' : takesHttp2(scenario.kind) ? ' http2' : '';
  return `  server { listen 127.0.0.1:${scenario.port}${options}; server_name ${name}; ${listenerTls(scenario)}${locations} }`;
}

function passDirective({ kind }: Scenario): string {
  if (kind === 'grpc') return 'grpc_pass grpc://orders;';
  return `proxy_pass ${kind === 'tls-originate' ? 'https' : 'http'}://orders;`;
}

function listenerTls(scenario: Scenario): string {
  if (scenario.kind !== 'tls-terminate') return '';
  const { serverCert, serverKey } = certificatesOf(scenario);
  return `ssl_certificate ${serverCert}; ssl_certificate_key ${serverKey}; ssl_protocols TLSv1.3; `;
}

function upstreamTls(scenario: Scenario): string[] {
  if (scenario.kind !== 'tls-originate') return [];
  const { ca, clientCert, clientKey } = certificatesOf(scenario);
  return [
    '  proxy_ssl_verify on;',
    '  proxy_ssl_name localhost;',
    '  proxy_ssl_server_name on;',
    '  proxy_ssl_protocols TLSv1.3;',
    `  proxy_ssl_trusted_certificate ${ca};`,
    `  proxy_ssl_certificate ${clientCert};`,
    `  proxy_ssl_certificate_key ${clientKey};`,
  ];
}
