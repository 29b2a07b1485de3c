import fc from 'fast-check';
import t from 'tap';
import { SeededRandom } from '../../kernel/random.ts';
import { instance } from '../translate/test-fixtures.ts';
import { readDns } from './settings.ts';
import { ANSWERS_MAX, answerFrom, TTL_SECONDS } from './zone.ts';

const SERVICES = new Map([
  ['cart', 'http'],
  ['orders', 'grpc'],
  ['empty', 'auto'],
]);
const INSTANCES = [
  instance('cart-0', { address: '10.0.0.1', port: 4000, zone: 'z1', metadata: { tier: 'gold' } }),
  instance('Cart_1', { address: 'fd00::1', port: 4001, weight: 300 }),
  instance('cart-2', { address: '10.0.0.3' }, { state: 'draining' }),
  instance('cart-3', { address: '10.0.0.4' }, { state: 'suspect' }),
  instance('cart-4', { address: '10.0.0.5' }, { health: 'unhealthy' }),
  instance('orders-0', { services: ['orders'], address: '10.0.1.1' }, { state: 'suspect' }),
];

function ask(name: string, type: string, instances = INSTANCES, random = new SeededRandom(1)) {
  const source = { domain: 'mesh', services: SERVICES, registry: { instances, preserving: false }, serial: 7 };
  return answerFrom({ name, type }, source, random);
}

const SOA = { type: 'SOA', name: 'mesh', ttl: 1, data: { serial: 7, minimum: 1 } };

t.test('a service leads to its healthy endpoints, by family', (t) => {
  t.match(ask('cart.mesh', 'A'), {
    rcode: 'NOERROR',
    authoritative: true,
    answers: [{ type: 'A', name: 'cart.mesh', ttl: TTL_SECONDS, data: '10.0.0.1' }],
  });
  t.equal(ask('cart.mesh', 'A')!.answers.length, 1, 'nobody who drains, is ill or silent');
  t.match(ask('cart.mesh', 'AAAA'), { answers: [{ data: 'fd00::1' }] });
  t.match(ask('orders.mesh', 'A'), { answers: [{ data: '10.0.1.1' }] }, 'who is silent, where there is nobody else');
  t.end();
});

t.test('a name that is known and has nothing of that kind has no data; an unknown one is not there', (t) => {
  const noData = { rcode: 'NOERROR', answers: [], authorities: [SOA] };
  t.match(ask('orders.mesh', 'AAAA'), noData, 'no IPv6');
  t.match(ask('empty.mesh', 'A'), noData, 'nobody is there');
  t.match(ask('cart.mesh', 'MX'), noData);
  t.match(ask('_tcp.cart.mesh', 'A'), noData, 'something is below it');
  t.match(ask('_http._tcp.cart.mesh', 'A'), noData);
  t.match(ask('mesh', 'A'), noData);
  const unknown = ['cert.mesh', 'x.cart.mesh', '_grpc._tcp.cart.mesh', '_http._udp.cart.mesh', 'a.b.c.d.mesh'];
  for (const name of unknown) t.match(ask(name, 'A'), { rcode: 'NXDOMAIN', authorities: [SOA] }, name);
  t.match(ask('mesh', 'SOA'), { answers: [SOA] });
  t.equal(ask('example.com', 'A'), null);
  t.equal(ask('xmesh', 'A'), null);
  t.equal(ask('', 'NS'), null);
  t.end();
});

t.test('an instance that is ill or drains still has its name, and no address', (t) => {
  t.match(ask('cart-3.cart.mesh', 'A'), { answers: [{ data: '10.0.0.4' }] }, 'it is silent, but was asked for');
  for (const id of ['cart-2', 'cart-4'])
    t.match(ask(`${id}.cart.mesh`, 'A'), { rcode: 'NOERROR', answers: [], authorities: [SOA] }, id);
  t.end();
});

t.test('SRV tells ports and weights, with the addresses beside them; an id that is no label gets one', (t) => {
  for (const name of ['cart.mesh', '_http._tcp.cart.mesh']) {
    const { answers, additionals } = ask(name, 'SRV')!;
    const found = answers.flatMap((each) => (each.type === 'SRV' ? [each.data] : []));
    found.sort((a, b) => a.port! - b.port!);
    t.match(found, [
      { port: 4000, weight: 100, target: 'cart-0.cart.mesh' },
      { port: 4001, weight: 300, target: /^i-[0-9a-f]{16}\.cart\.mesh$/ },
    ]);
    t.same(additionals.map(({ type }) => type).sort(), ['A', 'AAAA']);
    t.match(ask(found[1]!.target, 'AAAA'), { answers: [{ data: 'fd00::1' }] });
  }
  t.match(ask('cart-0.cart.mesh', 'SRV'), { answers: [{ data: { port: 4000 } }], additionals: [{ data: '10.0.0.1' }] });
  const [txt] = ask('cart-0.cart.mesh', 'TXT')!.answers;
  t.equal(txt!.type === 'TXT' && String(txt!.data), 'tier=gold,version=v1,zone=z1');
  t.end();
});

t.test('whoever asks for everything gets one small record', (t) => {
  t.match(ask('cart.mesh', 'ANY'), { answers: [{ type: 'HINFO', data: { cpu: 'RFC8482' } }], additionals: [] });
  t.equal(ask('cart.mesh', 'ANY')!.answers.length, 1);
  t.match(ask('nothing.mesh', 'ANY'), { rcode: 'NXDOMAIN' });
  t.end();
});

t.test('the first of many is chosen by weight, and no answer has more than 32', (t) => {
  const many = Array.from({ length: 200 }, (_, i) => {
    return instance(`cart-${i}`, { address: `10.1.0.${i}`, weight: i === 7 ? 199 : 1 });
  });
  const random = new SeededRandom(3);
  let first = 0;
  for (let i = 0; i < 1_000; i++) {
    const { answers } = ask('cart.mesh', 'A', many, random)!;
    if (answers.length !== ANSWERS_MAX) t.fail(`${answers.length} answers`);
    if (answers[0]!.type === 'A' && answers[0]!.data === '10.1.0.7') first++;
  }
  t.ok(first > 440 && first < 560, `half of the weight: ${first} of 1,000`);
  t.end();
});

t.test('whatever is asked, the zone answers for its own names alone', (t) => {
  const label = fc.constantFrom('cart', 'orders', '_http', '_tcp', 'cart-0', 'mesh', 'x', '', '\\000');
  const type = fc.constantFrom('A', 'AAAA', 'SRV', 'TXT', 'ANY', 'SOA', 'NS');
  fc.assert(
    fc.property(fc.array(label, { maxLength: 6 }), type, (labels, type) => {
      const name = labels.join('.');
      const answer = ask(name, type);
      const isOwn = name === 'mesh' || name.endsWith('.mesh');
      if ((answer !== null) !== isOwn) return false;
      return answer === null || answer.answers.every((each) => each.name === name && each.type !== 'OPT');
    }),
  );
  t.end();
});

t.test('the command line of DNS', (t) => {
  t.same(readDns({}), { ok: true, value: null });
  const forward = ['10.0.0.2', '[::1]:54', 'fd00::53'];
  t.match(readDns({ dns: '127.0.0.1:5353', 'dns-domain': 'Shop.Internal.', 'dns-forward': forward }), {
    value: {
      listen: { host: '127.0.0.1', port: 5353 },
      domain: 'shop.internal',
      forward: [
        { host: '10.0.0.2', port: 53 },
        { host: '::1', port: 54 },
        { host: 'fd00::53', port: 53 },
      ],
    },
  });
  const refused = (values: object, error: RegExp) => t.match(readDns(values), { ok: false, error });
  refused({ 'dns-domain': 'x' }, /--dns-domain needs --dns/);
  refused({ dns: 'localhost:53' }, /it must be an IP address and a port/);
  refused({ dns: '127.0.0.1' }, /an IP address and a port/);
  refused({ dns: '127.0.0.1:53', 'dns-domain': 'a..b' }, /--dns-domain is "a..b": the label is empty/);
  refused({ dns: '127.0.0.1:53', 'dns-forward': ['127.0.0.1:53'] }, /ask itself for ever/);
  t.end();
});
