/**
 * What a control plane may do to a proxy, from go-control-plane: switches under load, bad resources, loss and return,
 * answers late and out of order. PROXY=envoy judges a real Envoy instead.
 */
import t, { type Test } from 'tap';
import { CA_PEM, SERVER } from '../../fakes/certificates.ts';
import { freePorts } from '../../free-ports.ts';
import { until } from '../../until.ts';
import type { ServedSnapshot } from './control-plane.ts';
import { ask, endpoint, KIND, Load, SKIP, start, VARIANTS } from './fixture.ts';
import { edsCluster, endpoints, listener, OVER_HTTP2, routes, upstreamTls } from './resources.ts';

const OUTRIDER = KIND === 'outrider';

/** Everything to one cluster of these; each kind with that version. */
function served(port: number, version: string, to: string, clusters: Readonly<Record<string, number>>, change = {}) {
  const names = Object.keys(clusters);
  return {
    CDS: { version, resources: names.map((name) => edsCluster(name, change)) },
    EDS: { version, resources: names.map((name) => endpoints(name, [clusters[name]!])) },
    LDS: { version, resources: [listener('main', port, 'r')] },
    RDS: { version, resources: [routes('r', to)] },
  } satisfies ServedSnapshot;
}

for (const { name, delta } of VARIANTS) {
  const test = (title: string, run: (t: Test) => Promise<void>) => t.test(`${name}: ${title}`, { skip: SKIP }, run);

  test('routes, clusters, endpoints and listeners change under load without a failed request', async (t) => {
    const [a, b, secure, http2] = await Promise.all([
      endpoint(t, 'a', { delayMs: 2 }),
      endpoint(t, 'b', { delayMs: 2 }),
      endpoint(t, 's', { tls: SERVER, delayMs: 2 }),
      endpoint(t, 'h', { http2: true, delayMs: 2 }),
    ]);
    const { control, port } = await start(t, delta);
    await control.serve(served(port, '1', 'a', { a: a.port }));
    await until('the first answer', async () => (await ask(port)) === '200 a');
    const load = new Load(port);
    await load.more(50, '200 a');

    // The new cluster's endpoints come late: until then the old one is used. Envoy takes the routes at once, and loses.
    if (OUTRIDER) await control.hold('EDS');
    await control.serve(served(port, '2', 'b', { a: a.port, b: b.port }));
    if (OUTRIDER) await load.more(100, '200 a');
    await control.release('EDS');
    await load.more(1, '200 b');
    await control.serve(served(port, '2b', 'b', { b: b.port }));
    await load.more(50, '200 b');

    // In place: another policy, TLS, HTTP/2, each with endpoints that speak it.
    await control.serve(served(port, '3', 'b', { b: b.port }, { lb_policy: 'RANDOM' }));
    await load.more(50, '200 b');
    const trust = { validation_context: { trusted_ca: { inline_string: CA_PEM } } };
    const next = served(port, '4', 's', { s: secure.port }, upstreamTls(trust));
    await control.serve(next);
    await load.more(50, '200 s');
    await control.serve(served(port, '5', 'h', { h: http2.port }, OVER_HTTP2));
    await load.more(50, '200 h');

    // Another listener beside, then in place of the first one's chain; clients of it are asked to leave, not cut.
    const [other] = await freePorts(1);
    const both = served(port, '6', 'a', { a: a.port });
    const second = listener('second', other!, 'r');
    await control.serve({ ...both, LDS: { version: '6', resources: [...both.LDS.resources, second] } });
    await until('the second listener', async () => (await ask(other!)) === '200 a');
    const changed = listener('main', port, 'r', { name: 'renamed' });
    await control.serve({ ...both, LDS: { version: '7', resources: [changed, second] } });
    await load.more(100, '200 a');
    await control.serve({ ...both, LDS: { version: '8', resources: [changed] } });
    await until('the second listener to be gone', async () => (await ask(other!)) === 'ECONNREFUSED');
    await load.more(50, '200 a');
    const lost = await load.stop('200 a', '200 b', '200 s', '200 h');
    // Envoy takes routes before the clusters that they name are warm, and answers 503 meanwhile.
    if (OUTRIDER) t.same(lost, {});
  });

  test('equal contents with a new version change nothing', async (t) => {
    const a = await endpoint(t, 'a');
    const { control, port } = await start(t, delta);
    await control.serve(served(port, '1', 'a', { a: a.port }));
    await until('the first answer', async () => (await ask(port)) === '200 a');
    const load = new Load(port, 1);
    await load.more(20, '200 a');
    const connections = a.connections();
    for (let version = 2; version < 6; version++) {
      await control.serve(served(port, String(version), 'a', { a: a.port }));
      await load.more(50, '200 a');
    }
    t.same(await load.stop('200 a'), {});
    t.equal(a.connections(), connections, 'connections are kept');
  });

  test('a bad resource is refused by name, the good ones beside it are taken, and a mended one is taken again', async (t) => {
    const [a, b] = await Promise.all([endpoint(t, 'a'), endpoint(t, 'b')]);
    const driven = await start(t, delta);
    const { control, port } = driven;
    await control.serve(served(port, '1', 'a', { a: a.port }));
    await until('the first answer', async () => (await ask(port)) === '200 a');
    const next = served(port, '2', 'b', { a: a.port, b: b.port });
    // An error of meaning: a set of endpoints beside discovery by DNS with no name in it.
    const bad = { name: 'bad', type: 'LOGICAL_DNS', connect_timeout: '1s' };
    const unhonoured = {
      ...edsCluster('odd'),
      upstream_bind_config: { source_address: { address: '127.0.0.1', port_value: 0 } },
    };
    const clusters = [...next.CDS.resources, bad, ...(OUTRIDER ? [unhonoured] : [])];
    await control.serve({ ...next, CDS: { version: '2', resources: clusters } });
    const text = await until('a NACK', async () => (await driven.nacks('CDS'))[0]);
    t.match(text, /bad/);
    if (OUTRIDER) t.match(text, /CDS "odd": .*upstream_bind_config/);
    await until('the good ones', async () => (await ask(port)) === '200 b');
    await control.serve(served(port, '3', 'a', { a: a.port }));
    await until('recovery', async () => (await ask(port)) === '200 a');
    await until('nothing refused to be left', async () => !(await driven.dump()).includes('error_state'));
  });

  test('a lost control plane costs nothing, and on its return is told what is held', async (t) => {
    const [a, b] = await Promise.all([endpoint(t, 'a'), endpoint(t, 'b')]);
    const { control, port } = await start(t, delta);
    await control.serve(served(port, '1', 'a', { a: a.port }));
    await until('the first answer', async () => (await ask(port)) === '200 a');
    const load = new Load(port);
    await load.more(20, '200 a');
    await until('all ACKs', async () => (await control.requests(({ nonce }) => nonce !== undefined)).length >= 4);
    await control.refuseConnections(true);
    const streams = (await control.seen()).filter(({ what }) => what === 'open').length;
    await load.more(100, '200 a');
    await control.serve(served(port, '2', 'b', { a: a.port, b: b.port }));
    await control.refuseConnections(false);
    await load.more(50, '200 b');
    const lost = await load.stop('200 a', '200 b');
    if (OUTRIDER) t.same(lost, {});
    const again = await control.requests(({ stream }) => stream > streams);
    for (const [kind, resource] of [
      ['CDS', 'a'],
      ['EDS', 'a'],
      ['LDS', 'main'],
      ['RDS', 'r'],
    ] as const) {
      const first = again.find(({ type }) => type === kind);
      if (delta) t.ok(first?.initial?.[resource], `${kind}: the version of ${resource} is told`);
      else t.match(first, { version: '1' }, `${kind}: the version is told`);
      t.equal(first?.nonce, undefined, `${kind}: no nonce of the old stream`);
    }
  });

  test('a control plane that breaks every stream is not stormed', async (t) => {
    const a = await endpoint(t, 'a');
    const { control, port } = await start(t, delta);
    await control.serve(served(port, '1', 'a', { a: a.port }));
    await until('the first answer', async () => (await ask(port)) === '200 a');
    const before = (await control.seen()).filter(({ what }) => what === 'open').length;
    await control.breakStreams(true);
    const opened = async () => (await control.seen()).filter(({ what }) => what === 'open').slice(before);
    const attempts = await until('four attempts', async () => (await opened()).length >= 4 && opened(), 60_000);
    if (OUTRIDER) {
      const waits = attempts.slice(1).map(({ atMs }, i) => atMs - attempts[i]!.atMs);
      for (const wait of waits) t.ok(wait >= 450, `${wait} ms between two attempts`);
    }
    t.equal(await ask(port), '200 a', 'traffic goes on');
    await control.breakStreams(false);
    await control.serve(served(port, '2', 'a', { a: a.port }));
    await control.request(
      'the new version to be taken',
      (each) => each.type === 'LDS' && each.nonce !== undefined && each.stream > before + 4,
    );
  });

  test('garbage, doubles, unknown removals and messages without end are refused and lose nothing', async (t) => {
    const a = await endpoint(t, 'a');
    const driven = await start(t, delta);
    const { control, port } = driven;
    await control.serve(served(port, '1', 'a', { a: a.port }));
    await until('the first answer', async () => (await ask(port)) === '200 a');
    const url = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
    const nackOf = (nonce: string) => control.request(`a NACK of ${nonce}`, (each) => each.nonce === nonce);
    await control.inject({
      type: 'CDS',
      version: 'g',
      nonce: 'garbage',
      resources: [{ name: 'x', typeUrl: url, value: '/////w==' }],
    });
    t.match(
      (await nackOf('garbage')).error,
      OUTRIDER ? /CDS "?x?.*the bytes are no envoy.config.cluster.v3.Cluster/ : /./,
    );
    const json = { '@type': url, ...edsCluster('a') };
    const twice = [
      { name: 'a', json },
      { name: 'a', json },
    ];
    await control.inject({ type: 'CDS', version: 'd', nonce: 'doubles', resources: twice });
    t.match((await nackOf('doubles')).error, OUTRIDER ? /"a": the name is there twice/ : /duplicate/);
    await control.inject({ type: 'EDS', version: 'r', nonce: 'removal', resources: [], removed: ['a', 'never there'] });
    t.equal((await nackOf('removal')).error, undefined);
    t.equal(await ask(port), '200 a', 'what is named is not taken away');
    const streams = (await control.seen()).filter(({ what }) => what === 'open').length;
    if (OUTRIDER) {
      await control.inject({ type: 'CDS', version: '', nonce: 'large', resources: [], padBytes: 17 * 1024 * 1024 });
      await until(
        'another stream',
        async () => (await control.seen()).filter(({ what }) => what === 'open').length > streams,
      );
      t.match(driven.proxy.output, /larger than max/, 'it says why');
    }
    await control.serve(served(port, '9', 'a', { a: a.port }));
    t.equal(await ask(port), '200 a');
  });
}
