import fc from 'fast-check';
import t from 'tap';
import { forward, prefixMatch, route, routeTable, virtualHost } from '../../../../test/fakes/config-builders.ts';
import { FakeChain, FakeSurroundings, named } from '../../../../test/fakes/fake-chain.ts';
import type { PerFilterConfig, StatefulSessionConfig } from '../../../config/model/http-filter.ts';
import { FilterSlot } from '../../filter-slot.ts';
import { decodeAddress, decodeSession, encodeAddress, encodeSession } from './session-address.ts';
import { StatefulSessionFilter } from './stateful-session-filter.ts';

const COOKIE: StatefulSessionConfig = {
  kind: 'stateful-session',
  state: { kind: 'cookie', name: 'sess', ttlSeconds: 120, path: '/c' },
  strict: false,
};
const HEADER: StatefulSessionConfig = {
  kind: 'stateful-session',
  state: { kind: 'header', name: 'x-sess' },
  strict: true,
};

t.test('an address goes to the client and back as Envoy writes it', (t) => {
  t.equal(encodeSession('127.0.0.1:23003', 0), 'Cg8xMjcuMC4wLjE6MjMwMDM=');
  t.equal(encodeAddress('127.0.0.1:23003'), 'MTI3LjAuMC4xOjIzMDAz');
  t.equal(decodeAddress('MTI3LjAuMC4xOjIzMDAz'), '127.0.0.1:23003');
  t.equal(decodeSession('MTI3LjAuMC4xOjIzMDAz', 0), '127.0.0.1:23003', 'the bare address will do');
  const address = fc.string({ minLength: 1, maxLength: 50, unit: fc.constantFrom(...'0123456789.:[]abcdef') });
  const property = fc.property(address, fc.nat({ max: 2 ** 40 }), (host, expires) => {
    const value = encodeSession(host, expires);
    return decodeSession(value, expires) === host && (expires === 0 || decodeSession(value, expires + 1) === null);
  });
  fc.assert(property, { numRuns: 200 });
  const anything = fc.property(fc.string(), (value) => typeof (decodeSession(value, 0) ?? '') === 'string');
  fc.assert(anything);
  t.end();
});

function setUp(own: StatefulSessionConfig, onRoute: PerFilterConfig | null = null) {
  const around = new FakeSurroundings();
  const part = new StatefulSessionFilter(named(own), own, { clock: around.loop.clock, slot: new FilterSlot(0) });
  const perFilter = onRoute === null ? {} : { tested: onRoute };
  const routes = [route(prefixMatch('/own'), forward('a'), { perFilter }), route(prefixMatch('/'), forward('a'))];
  const chain = new FakeChain(around, routeTable('t', [virtualHost(['*'], routes)]), [part]);
  /** What a request asks for, and the answer of `host` to it. */
  const pass = (path: string, host: string, ...lines: readonly string[]) => {
    const sent = chain.send(`GET ${path}`, ...lines);
    const { pinned } = sent.exchange;
    sent.exchange.upstreamHost = host;
    return { pinned, answer: chain.answer(sent, 200) };
  };
  const cookie = encodeSession('10.0.0.1:80', Math.floor(around.clock.wallMs() / 1000) + 120);
  return { pass, around, cookie };
}

t.test('a cookie brings a client back, and is set where the endpoint is another one', (t) => {
  const { pass, cookie } = setUp(COOKIE);
  const first = pass('/c/x', '10.0.0.1:80');
  t.equal(first.pinned, null);
  // The answer comes in lower case.
  t.match(first.answer, `set-cookie: sess="${cookie.toLowerCase()}"; max-age=120; path=/c; httponly`);
  const again = pass('/c', '10.0.0.1:80', `Cookie: sess="${cookie}"`);
  t.same(again.pinned, { address: '10.0.0.1:80', strict: false });
  t.notMatch(again.answer, /set-cookie/);
  t.match(pass('/c?q', '10.0.0.2:80', `Cookie: sess=${cookie}`).answer, /set-cookie: sess=/);
  for (const path of ['/', '/cc', '/other']) {
    const { pinned, answer } = pass(path, '10.0.0.1:80', `Cookie: sess=${cookie}`);
    t.equal(pinned, null, `the cookie is not for ${path}`);
    t.notMatch(answer, /set-cookie/);
  }
  t.notMatch(pass('/c', '').answer, /set-cookie/, 'no endpoint has answered');
  t.end();
});

t.test('an old session is over', (t) => {
  const { pass, around, cookie } = setUp(COOKIE);
  around.clock.advance({ ms: 119_000 });
  t.not(pass('/c', '10.0.0.1:80', `Cookie: sess=${cookie}`).pinned, null);
  around.clock.advance({ ms: 3_000 });
  t.equal(pass('/c', '10.0.0.1:80', `Cookie: sess=${cookie}`).pinned, null);
  t.end();
});

t.test('a header does the same, a route has its own settings or none', (t) => {
  const { pass } = setUp(COOKIE, HEADER);
  const first = pass('/own', '10.0.0.1:80');
  t.match(first.answer, /x-sess: mtaumc4wlje6oda=/);
  const again = pass('/own', '10.0.0.1:80', 'X-Sess: MTAuMC4wLjE6ODA=');
  t.same(again.pinned, { address: '10.0.0.1:80', strict: true });
  t.notMatch(again.answer, /x-sess/);
  const off = setUp(
    { ...COOKIE, state: { kind: 'cookie', name: 'sess', ttlSeconds: 0, path: '' } },
    { kind: 'disabled' },
  );
  t.notMatch(off.pass('/own', '10.0.0.1:80').answer, /set-cookie/);
  t.match(off.pass('/', '10.0.0.1:80').answer, /set-cookie/);
  t.end();
});
