import t from 'tap';
import { envoyBootstrap } from './envoy-bootstrap.ts';
import { haproxyConfig, haproxyRoutes } from './haproxy-config.ts';
import { nginxConfig } from './nginx-config.ts';
import { selectPeers } from './peers.ts';
import { GRPC_PATH, GRPC_REQUEST, HOSTS, PREFIXES, REQUEST_PATH, type Scenario } from './scenario.ts';

const base: Scenario = {
  kind: 'http1',
  features: true,
  port: 1001,
  adminPort: 1002,
  backendPorts: [2001, 2002, 2003, 2004],
  folder: '/tmp/peer',
};

const certificates = {
  ca: 'ca.pem',
  serverCert: 'server.pem',
  serverKey: 'server.key',
  serverBoth: 'server-both.pem',
  clientCert: 'client.pem',
  clientKey: 'client.key',
  clientBoth: 'client-both.pem',
};

/** All three configurations as text. */
function configs(scenario: Scenario): Record<'envoy' | 'haproxy' | 'nginx', string> {
  return {
    envoy: JSON.stringify(envoyBootstrap(scenario)),
    haproxy: haproxyConfig(scenario, '/tmp/peer/routes.map'),
    nginx: nginxConfig(scenario, '/modules/stream.so'),
  };
}

t.test('requests match the last prefix of every virtual host', (t) => {
  t.equal(HOSTS.length, 20);
  t.notOk(PREFIXES.slice(0, -1).some((prefix) => REQUEST_PATH.startsWith(prefix)));
  t.ok(REQUEST_PATH.startsWith(PREFIXES.at(-1)!));
  t.end();
});

t.test('with features on every peer knows all hosts, all endpoints and the limit', (t) => {
  const texts = configs(base);
  texts.haproxy += haproxyRoutes();
  for (const [peer, text] of Object.entries(texts)) {
    for (const host of HOSTS) t.match(text, host, `${peer} routes ${host}`);
    for (const port of base.backendPorts) t.match(text, String(port), `${peer} balances over ${port}`);
    t.match(text, '1024', `${peer} limits requests in flight`);
  }
  t.end();
});

t.test('with features on every peer makes request ids and forwarded headers', (t) => {
  const texts = configs(base);
  t.match(texts.envoy, '"use_remote_address":true');
  t.match(texts.envoy, '"generate_request_id":true');
  t.match(texts.haproxy, 'unique-id-header X-Request-ID');
  t.match(texts.haproxy, 'option forwardfor');
  t.match(texts.nginx, 'X-Request-ID $request_id');
  t.match(texts.nginx, 'X-Forwarded-For');
  t.end();
});

t.test('with features off every peer has one endpoint and no guard', (t) => {
  for (const [peer, text] of Object.entries(configs({ ...base, features: false }))) {
    t.match(text, '2001', `${peer} uses the first endpoint`);
    t.notMatch(text, '2002', `${peer} uses no other`);
    t.notMatch(text, '1024', `${peer} has no limit`);
    t.notMatch(text, 'bench-local', `${peer} has no virtual host`);
  }
  t.end();
});

t.test('TLS files appear on the side that the scenario asks for', (t) => {
  for (const [peer, text] of Object.entries(configs({ ...base, kind: 'tls-terminate', certificates }))) {
    t.match(text, 'server', `${peer} has the server certificate`);
    t.notMatch(text, 'client.pem', `${peer} has no client certificate`);
  }
  for (const [peer, text] of Object.entries(configs({ ...base, kind: 'tls-originate', certificates }))) {
    t.match(text, /client(-both)?\.pem/, `${peer} has the client certificate`);
    t.match(text, 'ca.pem', `${peer} verifies the backend`);
    t.notMatch(text, 'server.key', `${peer} terminates nothing`);
  }
  t.throws(() => configs({ ...base, kind: 'tls-terminate' }), /without certificates/);
  t.end();
});

t.test('gRPC is HTTP/2 on both sides of every peer, with the same features', (t) => {
  const { envoy, haproxy, nginx } = configs({ ...base, kind: 'grpc' });
  t.match(envoy, '"explicit_http_config":{"http2_protocol_options":{}}');
  t.match(haproxy, /bind 127\.0\.0\.1:1001 proto h2$/m);
  for (const port of base.backendPorts) t.match(haproxy, `127.0.0.1:${port} proto h2 maxconn 1024 check`);
  t.match(nginx, 'listen 127.0.0.1:1001 http2;');
  t.match(nginx, 'location /api/ { grpc_pass grpc://orders; }');
  for (const header of ['Host $host', 'X-Request-ID $request_id', 'X-Forwarded-For', 'X-Forwarded-Proto']) {
    t.match(nginx, `grpc_set_header ${header}`);
  }
  t.notMatch(nginx, /proxy_(pass|set_header|http_version|read_timeout)/);
  t.end();
});

t.test('calls of gRPC match the last prefix, too', (t) => {
  t.notOk(PREFIXES.slice(0, -1).some((prefix) => GRPC_PATH.startsWith(prefix)));
  t.ok(GRPC_PATH.startsWith(PREFIXES.at(-1)!));
  t.equal(GRPC_REQUEST.readUInt32BE(1), GRPC_REQUEST.length - 5, 'and their message says its length');
  t.end();
});

t.test('from one version of HTTP to the other each side has its own', (t) => {
  const up = configs({ ...base, kind: 'http1-to-http2' });
  t.match(up.envoy, 'http2_protocol_options');
  t.match(up.haproxy, /bind 127\.0\.0\.1:1001$/m);
  t.match(up.haproxy, '127.0.0.1:2001 proto h2');
  const down = configs({ ...base, kind: 'http2-to-http1' });
  t.notMatch(down.envoy, 'http2_protocol_options');
  t.match(down.haproxy, 'bind 127.0.0.1:1001 proto h2');
  t.notMatch(down.haproxy, '127.0.0.1:2001 proto h2');
  t.match(down.nginx, 'listen 127.0.0.1:1001 http2;');
  t.match(down.nginx, 'proxy_pass http://orders;');
  t.end();
});

t.test('peers are asked only for what they have', (t) => {
  const kindsOf = (name: string) => selectPeers(name)[0]!.kinds;
  t.notOk(kindsOf('nginx').includes('http1-to-http2'));
  t.same(kindsOf('node-http2'), ['grpc']);
  for (const name of ['haproxy', 'envoy', 'outrider']) t.ok(kindsOf(name).includes('http1-to-http2'), name);
  t.end();
});

t.test('bytes are not parsed: no HTTP in a tcp scenario', (t) => {
  const texts = configs({ ...base, kind: 'tcp', features: false });
  t.match(texts.envoy, 'tcp_proxy');
  t.notMatch(texts.envoy, 'http_connection_manager');
  t.match(texts.haproxy, 'mode tcp');
  t.match(texts.nginx, 'load_module /modules/stream.so;');
  t.end();
});
