/**
 * Secrets over xDS (SDS), from go-control-plane. `PROXY=envoy node test/run.ts test/peers/go-control-plane` judges a real
 * Envoy instead; where it does otherwise on purpose the test says so.
 */
import t, { type Test } from 'tap';
import { CA_PEM, CLIENT, EXPIRED, SECOND, SERVER, STRANGER } from '../../fakes/certificates.ts';
import { until } from '../../until.ts';
import { accepts } from '../http2/proxies.ts';
import type { Json, ServedSnapshot } from './control-plane.ts';
import { again, ask, endpoint, handshake, KIND, Load, SKIP, start, VARIANTS } from './fixture.ts';
import {
  ADS,
  certificateSecret,
  cluster,
  downstreamTls,
  listener,
  ownStream,
  routes,
  trustSecret,
  upstreamTls,
} from './resources.ts';

const OUTRIDER = KIND === 'outrider';
const SERVER_TLS = { tls_certificate_sds_secret_configs: [{ name: 'server', sds_config: ADS }] };

/** One TLS listener in front of one cluster, with these secrets. */
function tlsListener(
  port: number,
  upstream: number,
  secrets: readonly Json[],
  version = '1',
  common: object = SERVER_TLS,
) {
  return {
    CDS: { version: '1', resources: [cluster('a', [upstream])] },
    LDS: { version: '1', resources: [listener('main', port, 'r', downstreamTls(common as never))] },
    RDS: { version: '1', resources: [routes('r', 'a')] },
    SDS: { version, resources: secrets },
  } satisfies ServedSnapshot;
}

for (const { name, delta } of VARIANTS) {
  const test = (title: string, run: (t: Test) => Promise<void>) => t.test(`${name}: ${title}`, { skip: SKIP }, run);

  test('a listener waits for its secret, takes new ones for new connections, and keeps the last good one', async (t) => {
    const a = await endpoint(t, 'a');
    const driven = await start(t, delta);
    const { control, port } = driven;
    await control.serve(tlsListener(port, a.port, []));
    await control.request('the secret', ({ type, names }) => type === 'SDS' && names?.includes('server') === true);
    t.equal(await accepts(port), false, 'not open before its secret is there');
    await control.serve(tlsListener(port, a.port, [certificateSecret('server', SERVER)], '2'));
    await until('the listener', () => accepts(port));
    const first = await handshake(port, { ca: CA_PEM });
    t.equal(first.name, 'shop.test');

    await control.serve(tlsListener(port, a.port, [certificateSecret('server', SECOND)], '3'));
    await until('the new certificate', async () => (await handshake(port, { ca: CA_PEM })).name === 'second.test');
    t.equal(await again(first.socket), 'HTTP/1.1 200 OK', 'the old connection goes on');

    const mismatch = { chainPem: SERVER.chainPem, keyPem: SECOND.keyPem };
    await control.serve(tlsListener(port, a.port, [certificateSecret('server', mismatch)], '4'));
    const mentions = (words: RegExp) => async () => (await driven.nacks('SDS')).some((text) => words.test(text));
    await until('a NACK', async () => (await driven.nacks('SDS')).length > 0);
    const garbage = { chainPem: 'no certificate', keyPem: SECOND.keyPem };
    await control.serve(tlsListener(port, a.port, [certificateSecret('server', garbage)], '5'));
    if (OUTRIDER) {
      const wrong = /SDS "server": tls_certificate\.private_key: this key does not belong to the certificate/;
      await until('its reason', mentions(wrong));
      await until('the other one', mentions(/SDS "server": tls_certificate\.certificate_chain: no certificate in PEM/));
      await control.serve(tlsListener(port, a.port, [certificateSecret('server', EXPIRED)], '5b'));
      await until('that it has expired', mentions(/certificate_chain: the certificate has expired on 2/));
    }
    t.equal((await handshake(port, { ca: CA_PEM })).name, 'second.test', 'the last good one stays');
    await control.serve(tlsListener(port, a.port, [certificateSecret('server', SERVER)], '6'));
    await until('a good one again', async () => (await handshake(port, { ca: CA_PEM })).name === 'shop.test');

    for (const text of [await driven.dump(), driven.proxy.output, ...(await driven.nacks('SDS'))]) {
      for (const { keyPem } of [SERVER, SECOND]) {
        const line = keyPem.split('\n')[1]!;
        t.equal(text.includes(line), false, 'a key is shown nowhere');
        t.equal(text.includes(Buffer.from(keyPem).toString('base64').slice(60, 120)), false, 'nor in base64');
      }
    }
    t.match(await driven.dump(), /dynamic_active_secrets[\s\S]*\[redacted\]|cmVkYWN0ZWQ/);
    first.socket.destroy();
  });

  test('whom to trust is a secret too, and can add to what is written in place', async (t) => {
    const a = await endpoint(t, 'a');
    const { control, port } = await start(t, delta);
    const san = { san_type: 'URI', matcher: { prefix: 'spiffe://mesh.test/' } };
    const common = {
      ...SERVER_TLS,
      combined_validation_context: {
        default_validation_context: { match_typed_subject_alt_names: [san] },
        validation_context_sds_secret_config: { name: 'trust', sds_config: ADS },
      },
    };
    const served = (version: string, ca: string) => {
      const secrets = [certificateSecret('server', SERVER), trustSecret('trust', ca)];
      const all = tlsListener(port, a.port, secrets, version, common);
      const change = downstreamTls(common as never, { require_client_certificate: true });
      return { ...all, LDS: { version: '1', resources: [listener('main', port, 'r', change)] } };
    };
    await control.serve(served('1', CA_PEM));
    await until('the listener', () => accepts(port));
    t.equal((await handshake(port, { ca: CA_PEM, identity: CLIENT })).name, 'shop.test');
    for (const [identity, why] of [
      [STRANGER, 'of a stranger'],
      [SECOND, 'with another name'],
    ] as const)
      t.not((await handshake(port, { ca: CA_PEM, identity })).name, 'shop.test', `not a certificate ${why}`);
    await control.serve(served('2', STRANGER_CA));
    await until(
      'another authority',
      async () => (await handshake(port, { ca: CA_PEM, identity: CLIENT })).name !== 'shop.test',
    );
  });

  test('a cluster waits for its secrets, and rotates them under load without a failed request', async (t) => {
    const a = await endpoint(t, 'a', { tls: SERVER });
    const driven = await start(t, delta);
    const { control, port } = driven;
    const common = { validation_context_sds_secret_config: { name: 'trust', sds_config: ADS } };
    const served = (version: string, secrets: readonly Json[]): ServedSnapshot => ({
      CDS: { version: '1', resources: [cluster('a', [a.port], upstreamTls(common))] },
      LDS: { version: '1', resources: [listener('main', port, 'r')] },
      RDS: { version: '1', resources: [routes('r', 'a')] },
      SDS: { version, resources: secrets },
    });
    await control.serve(served('1', []));
    await control.request('the secret', ({ type, names }) => type === 'SDS' && names?.includes('trust') === true);
    t.equal(await accepts(port), false);
    await control.serve(served('2', [trustSecret('trust', CA_PEM)]));
    await until('the first answer', async () => (await ask(port)) === '200 a');
    const load = new Load(port);
    await load.more(50, '200 a');
    for (let version = 3; version < 8; version++) {
      // The same authority, said in another way.
      await control.serve(served(String(version), [trustSecret('trust', CA_PEM + '\n'.repeat(version))]));
      await load.more(50, '200 a');
    }
    t.same(await load.stop('200 a'), {});
    await control.serve(served('9', [trustSecret('trust', STRANGER_CA)]));
    await until('another authority', async () => (await fetch(`http://127.0.0.1:${port}/`)).status === 200);
    await driven.statistic('cluster.a.client_ssl_socket_factory.ssl_context_update_by_sds', (value) => value > 5);
  });

  test('secrets come from a server of their own, and from the bootstrap', async (t) => {
    const a = await endpoint(t, 'a');
    const { control, port } = await start(t, delta, { statics: { secrets: [trustSecret('own', CA_PEM)] } });
    const common = {
      tls_certificate_sds_secret_configs: [{ name: 'server', sds_config: ownStream(delta) }],
      validation_context_sds_secret_config: { name: 'own' },
    };
    await control.serve(tlsListener(port, a.port, [certificateSecret('server', SERVER)], '1', common));
    await until('the listener', () => accepts(port));
    t.equal((await handshake(port, { ca: CA_PEM, identity: CLIENT })).name, 'shop.test');
    await control.serve(tlsListener(port, a.port, [certificateSecret('server', SECOND)], '2', common));
    await until(
      'the new certificate',
      async () => (await handshake(port, { ca: CA_PEM, identity: CLIENT })).name === 'second.test',
    );
    const streams = (await control.seen()).filter(({ what, method }) => what === 'open' && method?.includes('Secret'));
    t.ok(streams.length >= 1, 'by a stream of its own');
  });
}

/** The authority of the stranger: his certificate, which is no authority, so that nobody is trusted. */
const STRANGER_CA = STRANGER.chainPem;
