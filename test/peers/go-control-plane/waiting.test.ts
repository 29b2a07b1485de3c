/**
 * What waits for what: answers that never come or come late, from go-control-plane, and clusters that change in place.
 * `PROXY=envoy` judges a real Envoy instead; where it does otherwise on purpose the test says so.
 */
import t, { type Test } from 'tap';
import { CA_PEM, SERVER } from '../../fakes/certificates.ts';
import { until } from '../../until.ts';
import type { Json, ServedSnapshot } from './control-plane.ts';
import { ask, endpoint, KIND, Load, SKIP, start, VARIANTS } from './fixture.ts';
import { polyglot } from './polyglot.ts';
import { ADS, cluster, edsCluster, endpoints, listener, OVER_HTTP2, routes, upstreamTls } from './resources.ts';

const OUTRIDER = KIND === 'outrider';
const TRUST = upstreamTls({ validation_context: { trusted_ca: { inline_string: CA_PEM } } });
/** Under Envoy's 15 s: nothing of this may wait for that. */
const SOON_MS = 8_000;

/** A listener with everything to that cluster. */
function through(port: number, version: string, to: string) {
  return {
    LDS: { version, resources: [listener('main', port, 'r')] },
    RDS: { version, resources: [routes('r', to)] },
  } satisfies ServedSnapshot;
}

async function isReady(adminPort: number): Promise<boolean> {
  return (await fetch(`http://127.0.0.1:${adminPort}/ready`)).status === 200;
}

for (const { name, delta } of VARIANTS) {
  const test = (title: string, run: (t: Test) => Promise<void>) => t.test(`${name}: ${title}`, { skip: SKIP }, run);

  test('a cluster whose endpoints never come holds nothing else back, at the start nor later', async (t) => {
    const [a, b] = await Promise.all([endpoint(t, 'a'), endpoint(t, 'b')]);
    const { control, port, proxy } = await start(t, delta);
    await control.serve({
      ...through(port, '1', 'a'),
      CDS: { version: '1', resources: [edsCluster('a'), edsCluster('lost')] },
      EDS: { version: '1', resources: [endpoints('a', [a.port])] },
    });
    // Envoy asks for listeners after 15 s.
    const limitMs = OUTRIDER ? SOON_MS : 20_000;
    await until('the first answer', async () => (await ask(port)) === '200 a', limitMs);
    await until('to be ready', () => isReady(proxy.adminPort), limitMs);
    const load = new Load(port);
    await load.more(20, '200 a');
    await control.serve({
      ...through(port, '2', 'b'),
      CDS: { version: '2', resources: [edsCluster('a'), edsCluster('lost'), edsCluster('b')] },
      EDS: { version: '2', resources: [endpoints('a', [a.port]), endpoints('b', [b.port])] },
    });
    await load.more(20, '200 b');
    const lost = await load.stop('200 a', '200 b');
    if (OUTRIDER) t.same(lost, {});
  });

  test('without an answer about clusters static ones are served, and initial_fetch_timeout ends the waiting', async (t) => {
    const a = await endpoint(t, 'a');
    const dynamics = { cds_config: { ...ADS, initial_fetch_timeout: '3s' } };
    const { control, port, proxy } = await start(t, delta, { clusters: [cluster('own', [a.port])], dynamics });
    await control.hold('CDS');
    await control.serve({ ...through(port, '1', 'own'), CDS: { version: '1', resources: [] } });
    await until('the first answer', async () => (await ask(port)) === '200 a', SOON_MS);
    await until('to be ready', () => isReady(proxy.adminPort), SOON_MS);
    await control.release('CDS');
    t.equal(await ask(port), '200 a');
  });

  test('an initial_fetch_timeout of a cluster is its own, and 0 waits for ever', async (t) => {
    const a = await endpoint(t, 'a');
    const { control, port, proxy } = await start(t, delta);
    const patient = { eds_cluster_config: { eds_config: { ...ADS, initial_fetch_timeout: '0s' } } };
    const hasty = { eds_cluster_config: { eds_config: { ...ADS, initial_fetch_timeout: '1s' } } };
    const clusters = (...more: readonly Json[]) => [cluster('a', [a.port]), ...more];
    await control.serve({ ...through(port, '1', 'a'), CDS: { version: '1', resources: clusters() } });
    await until('the first answer', async () => (await ask(port)) === '200 a');
    const more = clusters(edsCluster('hasty', hasty), edsCluster('patient', patient));
    await control.serve({ ...through(port, '1', 'a'), CDS: { version: '2', resources: more } });
    const shown = async () => await (await fetch(`http://127.0.0.1:${proxy.adminPort}/clusters`)).text();
    await until('the hasty one, without endpoints', async () => (await shown()).includes('hasty::'), SOON_MS);
    t.notMatch(await shown(), /^patient::/m);
    await control.serve({
      ...through(port, '1', 'a'),
      CDS: { version: '2', resources: more },
      EDS: { version: '1', resources: [endpoints('patient', [a.port])] },
    });
    await until('the patient one', async () => /^patient::/m.test(await shown()));
  });

  test('routes before their clusters wait for them, and nothing fails meanwhile', async (t) => {
    const [a, b] = await Promise.all([endpoint(t, 'a', { delayMs: 2 }), endpoint(t, 'b', { delayMs: 2 })]);
    const driven = await start(t, delta);
    const { control, port } = driven;
    const one = {
      CDS: { version: '1', resources: [edsCluster('a')] },
      EDS: { version: '1', resources: [endpoints('a', [a.port])] },
    };
    await control.serve({ ...through(port, '1', 'a'), ...one });
    await until('the first answer', async () => (await ask(port)) === '200 a');
    const load = new Load(port);
    await load.more(20, '200 a');
    await control.hold('CDS', 'EDS');
    // The old cluster goes with the same push.
    await control.serve({
      ...through(port, '2', 'b'),
      CDS: { version: '2', resources: [edsCluster('b')] },
      EDS: { version: '2', resources: [endpoints('b', [b.port])] },
    });
    const acked = ({ type, version }: { type?: string; version?: string }) =>
      type === 'RDS' && (delta || version === '2');
    await control.request('the routes to be taken', (each) => acked(each) && each.nonce !== undefined);
    if (OUTRIDER) await load.more(100, '200 a');
    await control.release('CDS');
    if (OUTRIDER) await load.more(100, '200 a');
    await control.release('EDS');
    await load.more(100, '200 b');
    const lost = await load.stop('200 a', '200 b');
    if (OUTRIDER) t.same(lost, {});
  });

  test('a cluster takes TLS and HTTP/2 on and off in place under load without a failed request', async (t) => {
    const polyglotPort = await polyglot(t, SERVER);
    const { control, port } = await start(t, delta);
    const serve = (version: string, change: object) =>
      control.serve({
        ...through(port, '1', 'a'),
        CDS: { version, resources: [edsCluster('a', change as never)] },
        EDS: { version: '1', resources: [endpoints('a', [polyglotPort])] },
      });
    await serve('1', {});
    await until('the first answer', async () => (await ask(port)) === '200 http1');
    const load = new Load(port, 8);
    const ways = [
      [TRUST, '200 https1'],
      [{ ...TRUST, ...OVER_HTTP2 }, '200 https2'],
      [OVER_HTTP2, '200 http2'],
      [{}, '200 http1'],
      [{ ...TRUST, ...OVER_HTTP2 }, '200 https2'],
      [{}, '200 http1'],
    ] as const;
    for (const [i, [change, outcome]] of ways.entries()) {
      await serve(String(i + 2), change);
      await load.more(100, outcome);
    }
    t.same(await load.stop(...ways.map(([, outcome]) => outcome)), {});
  });

  test('endpoints of a cluster in use change under load without a failed request', async (t) => {
    const all = await Promise.all(['a', 'b', 'c', 'd'].map((each) => endpoint(t, each, { delayMs: 2 })));
    const { control, port } = await start(t, delta);
    const serve = (version: string, to: readonly { readonly port: number }[]) =>
      control.serve({
        ...through(port, '1', 'x'),
        CDS: { version: '1', resources: [edsCluster('x')] },
        EDS: {
          version,
          resources: [
            endpoints(
              'x',
              to.map((each) => each.port),
            ),
          ],
        },
      });
    await serve('1', all.slice(0, 1));
    await until('the first answer', async () => (await ask(port)) === '200 a');
    const load = new Load(port, 8);
    await load.more(50, '200 a');
    for (let i = 1; i < 12; i++) {
      const newest = all[i % all.length]!;
      await serve(String(i + 1), [all[(i - 1) % all.length]!, newest]);
      await load.more(30, `200 ${'abcd'[i % all.length]}`);
    }
    t.same(await load.stop('200 a', '200 b', '200 c', '200 d'), {});
  });
}
