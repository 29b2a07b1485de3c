import t from 'tap';
import { envoyBootstrap } from './envoy-bootstrap.ts';
import { haproxyConfig, haproxyRoutes } from './haproxy-config.ts';
import { nginxConfig } from './nginx-config.ts';
import { HOSTS, PREFIXES, REQUEST_PATH, type Scenario } from './scenario.ts';

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
    t.notMatch(text, 'bench.local', `${peer} has no virtual host`);
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

t.test('bytes are not parsed: no HTTP in a tcp scenario', (t) => {
  const texts = configs({ ...base, kind: 'tcp', features: false });
  t.match(texts.envoy, 'tcp_proxy');
  t.notMatch(texts.envoy, 'http_connection_manager');
  t.match(texts.haproxy, 'mode tcp');
  t.match(texts.nginx, 'load_module /modules/stream.so;');
  t.end();
});
