import fc from 'fast-check';
import t from 'tap';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { seededRandom } from '../../test/fakes/fake-random.ts';
import type { DnsDomain } from '../config/model/dns.ts';
import { ANSWERS_MAX, type AnswerSource, answerFrom, type NamedEndpoint } from './dns-answers.ts';
import { DnsFilterStats } from './dns-stats.ts';
import { DnsTable } from './dns-table.ts';
import { MachineResolver, parseResolvConf } from './resolv-conf.ts';
import { beforeSearch } from './search-list.ts';

const SEARCH = ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local'];
const ADDRESS = '127.77.1.2';

function addresses(name: string, ...list: string[]): DnsDomain {
  return { name, ttlSeconds: 5, leadsTo: { kind: 'addresses', addresses: list } };
}

/** What the mesh's control plane writes of one service. */
function service(name: string, address = ADDRESS): DnsDomain[] {
  const target = { to: { kind: 'host', name: `${name}.mesh` }, priority: 0, weight: 100, port: 8080 } as const;
  const services = [{ prefix: '_http._tcp', ttlSeconds: 5, targets: [target] }];
  return [
    addresses(name, address),
    addresses(`${name}.mesh`, address),
    { name: `*.${name}.mesh`, ttlSeconds: 5, leadsTo: { kind: 'cluster', name } },
    { name: `${name}.mesh`, ttlSeconds: 5, leadsTo: { kind: 'services', services } },
  ];
}

function source(domains: readonly DnsDomain[], endpoints: Readonly<Record<string, readonly NamedEndpoint[]>> = {}) {
  return {
    table: new DnsTable({ domains, suffixes: ['mesh'] }),
    endpointsOf: (cluster: string) => endpoints[cluster] ?? [],
    search: SEARCH,
    random: seededRandom(),
    stats: new DnsFilterStats(),
    serial: 1,
  } satisfies AnswerSource;
}

const CATALOG = source(service('catalog'), {
  catalog: [
    { host: '10.0.0.7', port: 15006, hostname: 'catalog-1' },
    { host: 'fd00::8', port: 15007, hostname: 'catalog-2' },
  ],
});
const ask = (name: string, type = 'A', from: AnswerSource = CATALOG) => answerFrom({ name, type }, from);
const data = (...question: Parameters<typeof ask>) =>
  ask(...question)?.answers.map((each) => 'data' in each && each.data);

t.test(
  'a service is answered with its virtual address by each of its names, and what a search list makes of them',
  (t) => {
    const names = ['catalog', 'catalog.mesh'];
    for (const name of [...names, ...names.flatMap((each) => SEARCH.map((domain) => `${each}.${domain}`))]) {
      t.match(ask(name), { rcode: 'NOERROR', answers: [{ type: 'A', name, ttl: 5, data: ADDRESS }] }, name);
      for (const type of ['AAAA', 'TXT', 'HTTPS', 'UNKNOWN_65'])
        t.match(
          ask(name, type),
          { rcode: 'NOERROR', answers: [], authorities: [{ type: 'SOA', ttl: 1 }] },
          `${name} ${type}`,
        );
      t.match(ask(name, 'ANY'), { answers: [{ type: 'HINFO' }] });
    }
    t.equal(ask('catalog.example'), null, 'somebody else’s');
    t.equal(ask('catalog.mesh.example'), null);
    t.equal(ask('xcatalog'), null);
    t.equal(ask(''), null);
    t.end();
  },
);

t.test('what is not of the mesh’s domain is somebody else’s; what is, and is not there, does not exist', (t) => {
  for (const name of ['nosuch.mesh', 'a.b.mesh', 'catalog-9.catalog.mesh', 'nosuch.mesh.svc.cluster.local'])
    for (const type of ['A', 'AAAA', 'SRV']) t.match(ask(name, type), { rcode: 'NXDOMAIN', answers: [] }, name);
  t.match(ask('mesh'), { rcode: 'NOERROR', answers: [] }, 'the domain itself');
  t.equal(ask('nosuch.svc.cluster.local'), null);
  t.equal(ask('_http._tcp.example'), null);
  t.end();
});

t.test('instances have their own addresses and ports, by the hostname of their endpoint', (t) => {
  t.same(data('catalog-1.catalog.mesh'), ['10.0.0.7']);
  t.match(ask('catalog-1.catalog.mesh', 'AAAA'), { rcode: 'NOERROR', answers: [] });
  t.same(data('catalog-2.catalog.mesh', 'AAAA'), ['fd00::8']);
  t.same(data('catalog-1.catalog.mesh.default.svc.cluster.local'), ['10.0.0.7']);
  t.match(data('catalog-1.catalog.mesh', 'SRV'), [{ port: 15006, target: 'catalog-1.catalog.mesh' }]);
  const whole = source(service('db'), { db: [{ host: '10.0.0.9', port: 1, hostname: 'a.db.mesh' }] });
  t.same(data('a.db.mesh', 'A', whole), ['10.0.0.9'], 'a whole name');
  const nameless = source(service('db'), { db: [{ host: '10.0.0.9', port: 1, hostname: '' }] });
  t.same(data('any.db.mesh', 'A', nameless), ['10.0.0.9'], 'without hostnames: all of them, as in Envoy');
  t.match(ask('any.db.mesh', 'A', source(service('db'))), { rcode: 'NXDOMAIN' }, 'nobody is there');
  t.end();
});

t.test('SRV leads to the service itself, so that the sidecar balances', (t) => {
  const target = { priority: 0, weight: 100, port: 8080, target: 'catalog.mesh' };
  for (const name of ['_http._tcp.catalog.mesh', 'catalog.mesh', '_http._tcp.catalog.mesh.cluster.local'])
    t.match(ask(name, 'SRV'), { answers: [{ type: 'SRV', name, data: target }], additionals: [{ data: ADDRESS }] });
  t.match(ask('_http._tcp.catalog.mesh', 'A'), { rcode: 'NOERROR', answers: [] });
  t.match(ask('_tcp.catalog.mesh', 'SRV'), { rcode: 'NOERROR', answers: [] }, 'it has something below it');
  t.match(ask('_grpc._tcp.catalog.mesh', 'SRV'), { rcode: 'NXDOMAIN' });
  const to = { kind: 'cluster', name: 'catalog' } as const;
  const services = [{ prefix: '_x._udp', ttlSeconds: 7, targets: [{ to, priority: 1, weight: 2, port: 0 }] }];
  const own = source([{ name: 'c.example', ttlSeconds: 5, leadsTo: { kind: 'services', services } }], {
    catalog: [{ host: '10.0.0.7', port: 15006, hostname: '' }],
  });
  t.match(data('_x._udp.c.example', 'SRV', own), [{ priority: 1, weight: 2, port: 15006, target: '10.0.0.7' }]);
  t.end();
});

t.test(
  'entries of one name add up; the exact name counts before a wildcard, the longest wildcard before others',
  (t) => {
    const from = source([
      addresses('a.example', '192.0.2.1', '2001:db8::1'),
      addresses('a.example', '192.0.2.2'),
      addresses('*.example', '192.0.2.3'),
      addresses('*.b.example', '192.0.2.4'),
    ]);
    t.same(data('a.example', 'A', from)!.toSorted(), ['192.0.2.1', '192.0.2.2']);
    t.same(data('a.example', 'AAAA', from), ['2001:db8::1']);
    t.same(data('x.y.example', 'A', from), ['192.0.2.3']);
    t.same(data('x.y.b.example', 'A', from), ['192.0.2.4']);
    t.same(data('b.example', 'A', from), ['192.0.2.3']);
    t.equal(ask('example', 'A', from), null, 'a wildcard does not stand for nothing');
    const many = source([addresses('m.example', ...Array.from({ length: 80 }, (_, i) => `192.0.2.${i}`))]);
    t.equal(data('m.example', 'A', many)!.length, ANSWERS_MAX);
    t.not(String(data('m.example', 'A', many)), String(data('m.example', 'A', many)), 'drawn anew');
    t.end();
  },
);

const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,6}[a-z0-9])?$/);
const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));

t.test(
  'whatever the table and the search list: each name and all that a resolver asks first are answered alike',
  (t) => {
    const property = fc.property(
      fc.uniqueArray(label, { minLength: 1, maxLength: 6 }),
      fc.array(name, { maxLength: 3 }),
      fc.nat(5),
      fc.boolean(),
      (services, search, pick, short) => {
        const all = services.flatMap((each, i) => service(each, `127.77.0.${i + 1}`));
        const from = { ...source(all), search };
        const at = pick % services.length;
        const wanted = short ? services[at]! : `${services[at]}.mesh`;
        // In the order of a resolver with `ndots` so high that the search list comes first.
        const asked = [...search.map((domain) => `${wanted}.${domain}`), wanted];
        return asked.every((each) => {
          const { rcode, answers } = answerFrom({ name: each, type: 'A' }, from) ?? {};
          // A longer name may be another service's own: `a` searched in `b.mesh`, say, is below the service b.
          const others = from.table.find(each);
          if (each !== wanted && others !== undefined) return true;
          const [answer] = answers ?? [];
          return rcode === 'NOERROR' && answer?.type === 'A' && answer.data === `127.77.0.${at + 1}`;
        });
      },
    );
    fc.assert(property, { numRuns: 500 });
    const foreign = fc.property(
      fc.uniqueArray(label, { maxLength: 4 }),
      fc.array(name, { maxLength: 3 }),
      name,
      (services, search, asked) => {
        const from = { ...source(services.flatMap((each) => service(each))), search };
        const answer = answerFrom({ name: asked, type: 'A' }, from);
        const forms = [asked, ...beforeSearch(asked, search)];
        const ours = forms.some((each) => services.includes(each) || each === 'mesh' || each.endsWith('.mesh'));
        return (answer !== null) === ours;
      },
    );
    fc.assert(foreign, { numRuns: 2_000 });
    t.end();
  },
);

t.test('the machine’s resolvers are read as the C library reads them, and again when they change', (t) => {
  const text = '# x\nnameserver 10.0.0.2\nnameserver fe80::1%eth0 \n;nameserver 6.6.6.6\nsearch a.example\n';
  t.same(parseResolvConf(`${text}search Corp.Example. b\nnameserver 1.1.1.1\nnameserver 9.9.9.9\n`), {
    nameservers: ['10.0.0.2', 'fe80::1%eth0', '1.1.1.1'],
    search: ['corp.example', 'b'],
  });
  t.same(parseResolvConf('domain corp.example\noptions ndots:5\nnameserver\n'), {
    nameservers: [],
    search: ['corp.example'],
  });
  t.same(parseResolvConf('search .\n').search, []);
  const clock = new FakeClock();
  let current = 'nameserver 10.0.0.2';
  let reads = 0;
  const machine = new MachineResolver(() => {
    reads++;
    return current;
  }, clock);
  t.same(machine.current.nameservers, ['10.0.0.2']);
  current = 'nameserver 10.0.0.3';
  t.same([machine.current.nameservers, reads], [['10.0.0.2'], 1], 'not at every question');
  clock.advance({ seconds: 5 });
  t.same(machine.current.nameservers, ['10.0.0.3']);
  t.end();
});
