/** TLS on both sides: who is let in, which certificate is shown, and that the bytes inside arrive as they were sent. */
import { once } from 'node:events';
import type { TLSSocket } from 'node:tls';
import t from 'tap';
import type { FilterChainConfig, ListenerConfig } from '../../../proxy/config/model/listener.ts';
import type { DownstreamTlsConfig, TlsValidationConfig, UpstreamTlsConfig } from '../../../proxy/config/model/tls.ts';
import { CA_PEM, CLIENT, SECOND, SERVER, STRANGER, type TestIdentity } from '../../fakes/certificates.ts';
import { chainMatch, cluster, filterChain, httpManager, NO_SECRETS } from '../../fakes/config-builders.ts';
import { eventually, everythingTo, Harness, start, startUpstream } from './harness.ts';
import { valuesOf } from './http-text.ts';
import { PatternCheck, PatternSource } from './pattern.ts';
import type { RawClient } from './raw-client.ts';
import { response } from './raw-upstream.ts';

const PARAMETERS = {
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  ciphers: null,
  curves: null,
  signatureAlgorithms: null,
} as const;

const TRUSTING: TlsValidationConfig = {
  trustedCa: { kind: 'pem', pem: CA_PEM },
  crlPem: null,
  acceptUntrusted: false,
  spkiHashes: [],
  certificateHashes: [],
  sans: [],
};

function named(value: string): TlsValidationConfig {
  const match = { kind: 'prefix', value, ignoreCase: false } as const;
  return { ...TRUSTING, sans: [{ kind: 'uri', match }] };
}

function serverTls(change: Partial<DownstreamTlsConfig> = {}): DownstreamTlsConfig {
  return {
    ...NO_SECRETS,
    certificates: [SERVER],
    validation: null,
    parameters: PARAMETERS,
    alpnProtocols: [],
    requireClientCertificate: false,
    requireSni: false,
    resumption: true,
    ...change,
  };
}

function clientTls(change: Partial<UpstreamTlsConfig> = {}): UpstreamTlsConfig {
  const common = { ...NO_SECRETS, certificates: [], validation: TRUSTING, parameters: PARAMETERS, alpnProtocols: [] };
  return { ...common, sni: 'shop.test', ...change };
}

/** A listener with one chain that speaks TLS and sends everything to cluster `a`. */
function secured(tls: DownstreamTlsConfig, change: Partial<FilterChainConfig> = {}): Partial<ListenerConfig> {
  return { filterChains: [filterChain(httpManager(everythingTo('a')), { tls, ...change })] };
}

const pems = ({ chainPem, keyPem }: TestIdentity) => ({ cert: chainPem, key: keyPem });

/** The common name of the certificate that the client was shown. */
function shown(client: RawClient): unknown {
  return (client.socket as TLSSocket).getPeerCertificate().subject.CN;
}

/** Whether the request is answered; a refused client may learn it only after its handshake. */
async function admitted(client: RawClient): Promise<boolean> {
  const answer = client.get('/').then(
    ({ status }) => status === 200,
    () => false,
  );
  return answer;
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  t.test(`${version}: requests inside are served like any other, many on one connection`, async (t) => {
    const { harness, upstream } = await start(t, {}, { listener: secured(serverTls()) });
    const client = harness.tlsClient({ minVersion: version, maxVersion: version });
    for (let i = 0; i < 5; i++) t.equal((await client.get(`/${i}`)).body, `/${i}`);
    client.send('GET /6 HTTP/1.1\r\nHost: a\r\n\r\nGET /7 HTTP/1.1\r\nHost: a\r\n\r\n');
    t.same(
      (await client.answered(7)).slice(5).map(({ body }) => body),
      ['/6', '/7'],
    );
    t.same(valuesOf(upstream.requests[0]!, 'x-forwarded-proto'), ['https']);
    t.equal(upstream.connections.length, 1);
  });
}

t.test('the certificate is the one for the name that was asked for, else the first', async (t) => {
  const { harness } = await start(t, {}, { listener: secured(serverTls({ certificates: [SERVER, SECOND] })) });
  for (const [servername, name] of [
    ['shop.test', 'shop.test'],
    ['x.wild.test', 'shop.test'],
    ['second.test', 'second.test'],
    ['unknown.test', 'shop.test'],
    [undefined, 'shop.test'],
  ] as const) {
    const client = harness.tlsClient(servername === undefined ? {} : { servername });
    t.ok(await admitted(client));
    t.equal(shown(client), name, String(servername));
  }
});

t.test('client certificates: a good one passes, none or a foreign one does not', async (t) => {
  const tls = serverTls({ validation: TRUSTING, requireClientCertificate: true, resumption: false });
  const { harness, upstream } = await start(t, {}, { listener: secured(tls) });
  t.equal(await admitted(harness.tlsClient(pems(CLIENT))), true);
  t.equal(await admitted(harness.tlsClient()), false);
  t.equal(await admitted(harness.tlsClient(pems(STRANGER))), false);
  t.equal(upstream.requests.length, 1);
  const { stats } = harness.plane.listeners.get('main')!;
  t.match(stats.tls, { failVerifyNoCert: 1, failVerifyError: 1 });
  await eventually(() => stats.cxActive <= 1, 'the refused ones to be gone');
});

t.test('an optional client certificate must be good when it is there', async (t) => {
  const tls = serverTls({ validation: TRUSTING, resumption: false });
  const { harness } = await start(t, {}, { listener: secured(tls) });
  t.equal(await admitted(harness.tlsClient()), true);
  t.equal(await admitted(harness.tlsClient(pems(CLIENT))), true);
  t.equal(await admitted(harness.tlsClient(pems(STRANGER))), false);
});

t.test('a trusted certificate still needs an accepted name', async (t) => {
  const tls = (prefix: string) =>
    serverTls({ validation: named(prefix), requireClientCertificate: true, resumption: false });
  const { harness } = await start(t, {}, { listener: secured(tls('spiffe://mesh.test/ns/shop/')) });
  t.equal(await admitted(harness.tlsClient(pems(CLIENT))), true);
  const other = await start(t, {}, { listener: secured(tls('spiffe://mesh.test/ns/other/')) });
  t.equal(await admitted(other.harness.tlsClient(pems(CLIENT))), false);
  t.equal(other.harness.plane.listeners.get('main')!.stats.tls.failVerifySan, 1);
});

t.test('sessions are resumed, but never where a client certificate would not be looked at again', async (t) => {
  const reused = async (tls: DownstreamTlsConfig, version: 'TLSv1.2' | 'TLSv1.3') => {
    const { harness } = await start(t, {}, { listener: secured(tls) });
    const identity = tls.validation === null ? {} : pems(CLIENT);
    const options = { ...identity, minVersion: version, maxVersion: version };
    const first = harness.tlsClient(options);
    const session = once(first.socket, 'session');
    t.ok(await admitted(first));
    // TLS 1.2 without tickets has a session, too, which the server does not know any longer.
    const patience = new Promise<null>((resolve) => setTimeout(resolve, 100, null));
    const kept = (await Promise.race([session, patience]))?.[0] as Buffer | undefined;
    const second = harness.tlsClient({ ...options, ...(kept && { session: kept }) });
    t.ok(await admitted(second));
    return (second.socket as TLSSocket).isSessionReused();
  };
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    t.equal(await reused(serverTls(), version), true, version);
    const strict = serverTls({ validation: TRUSTING, requireClientCertificate: true, resumption: false });
    t.equal(await reused(strict, version), false, `${version} with client certificates`);
  }
});

t.test('clients that do not speak TLS, or never finish, are let go', async (t) => {
  const { harness, upstream } = await start(
    t,
    {},
    { listener: secured(serverTls(), { transportSocketConnectTimeoutMs: 200 }) },
  );
  const plain = harness.client().send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await plain.end();
  t.notMatch(plain.text, /HTTP/);
  const silent = harness.client();
  await silent.end();
  const { stats } = harness.plane.listeners.get('main')!;
  await eventually(() => stats.cxActive === 0, 'both to be gone');
  t.equal(stats.tls.connectionError, 2);
  t.equal(upstream.connections.length, 0);
});

t.test('large bodies pass both ways, whole and at the pace of the slower side', async (t) => {
  const size = 24 << 20;
  const uploaded = new PatternCheck();
  const { harness } = await start(
    t,
    {
      parse: false,
      onData: (connection, chunk) => {
        const head = uploaded.received === 0 ? chunk.indexOf('\r\n\r\n') + 4 : 0;
        uploaded.take(chunk.subarray(head));
        if (uploaded.received < size) return;
        connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
        new PatternSource(connection.socket, size);
      },
    },
    { listener: secured(serverTls()) },
  );
  const client = harness.tlsClient();
  const downloaded = new PatternCheck();
  let head = true;
  client.socket.removeAllListeners('data');
  client.socket.on('data', (chunk: Buffer) => {
    downloaded.take(head ? chunk.subarray(chunk.indexOf('\r\n\r\n') + 4) : chunk);
    head = false;
  });
  client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`);
  const source = new PatternSource(client.socket, size);
  await eventually(() => downloaded.received >= size, 'everything', 30_000);
  t.equal(source.written, size);
  t.match([uploaded.wrongAt, downloaded.wrongAt], [-1, -1]);
});

t.test('a new certificate is shown to new connections; old ones are asked to leave', async (t) => {
  const { harness, upstream } = await start(t, {}, { listener: secured(serverTls()) });
  const clusters = [cluster('a', [upstream.port])];
  const old = harness.tlsClient();
  t.equal((await old.get('/')).status, 200);
  await harness.apply({ clusters, listener: secured(serverTls({ certificates: [SECOND] })) });
  const last = await old.get('/');
  t.same(valuesOf(last, 'connection'), ['close']);
  t.equal(last.status, 200);
  const fresh = harness.tlsClient();
  t.ok(await admitted(fresh));
  t.equal(shown(fresh), 'second.test');
});

t.test(
  'an endpoint is reached over TLS when it is who it should be, with our own certificate if it wants one',
  async (t) => {
    const mutual = { ...pems(SERVER), ca: CA_PEM, requestCert: true, rejectUnauthorized: true };
    const { harness, upstream } = await start(
      t,
      { tls: mutual },
      { cluster: { tls: clientTls({ certificates: [CLIENT] }) } },
    );
    const client = harness.client();
    for (let i = 0; i < 3; i++) t.equal((await client.get(`/${i}`)).body, `/${i}`);
    const socket = upstream.connections[0]!.socket as TLSSocket & { servername: string };
    t.equal(socket.servername, 'shop.test');
    t.equal(socket.getPeerX509Certificate()!.subjectAltName, 'URI:spiffe://mesh.test/ns/shop/frontend');
    t.equal(upstream.connections.length, 1, 'and the connection is kept');
  },
);

t.test('an endpoint that is not who it should be gets no request, and the client learns why', async (t) => {
  const cases: [string, TestIdentity, Partial<UpstreamTlsConfig>, RegExp][] = [
    ['a foreign certificate', STRANGER, {}, /not trusted/],
    ['another name', SERVER, { validation: named('spiffe://') }, /none of its names is accepted \(it has: shop\.test/],
  ];
  for (const [what, identity, change, reason] of cases) {
    const { harness, upstream } = await start(t, { tls: pems(identity) }, { cluster: { tls: clientTls(change) } });
    const answer = await harness.client().get('/');
    t.equal(answer.status, 503, what);
    t.match(answer.body, reason, what);
    t.match(valuesOf(answer, 'x-outrider-failure')[0], /^UF; /);
    t.equal(upstream.requests.length, 0);
  }
});

t.test('an endpoint that does not speak TLS is a connection failure', async (t) => {
  const { harness } = await start(
    t,
    { parse: false, onData: (connection) => connection.send(response('no')) },
    { cluster: { tls: clientTls() } },
  );
  const answer = await harness.client().get('/');
  t.equal(answer.status, 503);
  t.match(answer.body, /The TLS handshake with the endpoint failed/);
});

t.test('chains are chosen by server name and by whether the client speaks TLS', async (t) => {
  const [first, second] = [await startUpstream(t), await startUpstream(t)];
  const chain = (to: string, serverName: string) =>
    filterChain(httpManager(everythingTo(to)), {
      match: chainMatch({ serverNames: [serverName] }),
      tls: serverTls({ certificates: [serverName === 'second.test' ? SECOND : SERVER] }),
    });
  const harness = new Harness(t);
  await harness.apply({
    clusters: [cluster('a', [first.port]), cluster('b', [second.port])],
    listener: {
      filterChains: [
        chain('a', 'shop.test'),
        chain('b', 'second.test'),
        filterChain(httpManager(everythingTo('b')), { match: chainMatch({ transportProtocol: 'raw_buffer' }) }),
      ],
      filters: {
        tlsInspector: true,
        httpInspector: false,
        originalDestination: false,
        originalSource: null,
        proxyProtocol: null,
        timeoutMs: 5_000,
        continueOnTimeout: false,
      },
    },
  });
  t.ok(await admitted(harness.tlsClient({ servername: 'shop.test' })));
  t.same([first.requests.length, second.requests.length], [1, 0]);
  const other = harness.tlsClient({ servername: 'second.test' });
  t.ok(await admitted(other));
  t.equal(shown(other), 'second.test');
  t.ok(await admitted(harness.client()));
  t.same([first.requests.length, second.requests.length], [1, 2]);
  t.equal(await admitted(harness.tlsClient({ servername: 'nobody.test' })), false);
  t.equal(harness.plane.listeners.get('main')!.stats.noFilterChainMatch, 1);
});
