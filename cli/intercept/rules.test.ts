import t from 'tap';
import { iptablesInstall, iptablesRemove, JUMPS, tablesOf } from './iptables-rules.ts';
import { nftInstall, nftRemove } from './nft-rules.ts';
import { type InterceptPlan, rangeProblem } from './plan.ts';
import { policyRoutes } from './policy-routing.ts';

const PLAN: InterceptPlan = {
  mode: 'redirect',
  outboundPort: 15001,
  inboundPort: 15006,
  dnsPort: 15053,
  dnsLoopbackOnly: false,
  proxyUid: 1337,
  excludeOutboundPorts: [25, 2525],
  excludeInboundPorts: [22],
  excludeAddresses: ['10.0.0.0/8', 'fd00::/8'],
  includeLoopback: ['127.77.0.0/16'],
};

const TPROXY: InterceptPlan = { ...PLAN, mode: 'tproxy' };

/** The rules of a chain, in their order. */
const chain = (text: string, name: string) =>
  text.split('\n').flatMap((line) => (line.startsWith(`-A ${name} `) ? [line.slice(`-A ${name} `.length)] : []));

t.test('iptables: the proxy passes first, exclusions before redirections, each family its own ranges', (t) => {
  const ipv4 = iptablesInstall(PLAN, 'ipv4', 'nat', JUMPS.nat);
  t.same(chain(ipv4, 'OUTRIDER_OUT'), [
    '-m owner --uid-owner 1337 -j RETURN',
    '-p udp --dport 53 -j REDIRECT --to-ports 15053',
    '-p tcp --dport 53 -j REDIRECT --to-ports 15053',
    '! -p tcp -j RETURN',
    '-p tcp --dport 25 -j RETURN',
    '-p tcp --dport 2525 -j RETURN',
    '-d 10.0.0.0/8 -j RETURN',
    '-p tcp -d 127.77.0.0/16 -j REDIRECT --to-ports 15001',
    '-o lo -j RETURN',
    '-p tcp -j REDIRECT --to-ports 15001',
  ]);
  t.same(chain(ipv4, 'OUTRIDER_IN'), [
    '! -p tcp -j RETURN',
    '-i lo -j RETURN',
    '-p tcp --dport 15006 -j RETURN',
    '-p tcp --dport 15001 -j RETURN',
    '-p tcp --dport 22 -j RETURN',
    '-p tcp -j REDIRECT --to-ports 15006',
  ]);
  const ipv6 = iptablesInstall(PLAN, 'ipv6', 'nat', []);
  t.match(ipv6, /-d fd00::\/8 -j RETURN/);
  t.notMatch(ipv6, /127\.77|10\.0\.0\.0/);
  t.notMatch(ipv6, /^-I/m, 'jumps that are there are not made again');
  t.notMatch(iptablesInstall({ ...PLAN, dnsPort: null }, 'ipv4', 'nat', []), /dport 53/);
  t.end();
});

t.test('where a resolver of the machine stands in between, what it asks itself does not come back', (t) => {
  const plan = { ...PLAN, dnsLoopbackOnly: true };
  const dns = (rules: readonly string[]) => rules.filter((rule) => /dport 53/.test(rule));
  const udp = (place: string) => `${place} -p udp --dport 53 -j REDIRECT --to-ports 15053`;
  t.equal(dns(chain(iptablesInstall(plan, 'ipv4', 'nat', []), 'OUTRIDER_OUT'))[0], udp('-d 127.0.0.0/8'));
  t.equal(dns(chain(iptablesInstall(plan, 'ipv6', 'nat', []), 'OUTRIDER_OUT'))[0], udp('-d ::1'));
  const nft = dns(nftInstall(plan).split('\n')).map((rule) => rule.trim());
  t.equal(nft.length, 4);
  for (const rule of nft)
    t.match(rule, /^(ip daddr 127\.0\.0\.0\/8|ip6 daddr ::1) (udp|tcp) dport 53 redirect to :15053$/);
  t.end();
});

t.test('iptables: a table changes as a whole, and only by chains of our own', (t) => {
  for (const [plan, table] of [
    [PLAN, 'nat'],
    [TPROXY, 'nat'],
    [TPROXY, 'mangle'],
  ] as const)
    for (const text of [iptablesInstall(plan, 'ipv4', table, JUMPS[table]), iptablesRemove(table, JUMPS[table])]) {
      const lines = text.trimEnd().split('\n');
      t.equal(lines[0], `*${table}`);
      t.equal(lines.at(-1), 'COMMIT');
      for (const line of lines.slice(1, -1))
        t.match(line, /^(:OUTRIDER_|-A OUTRIDER_|-X OUTRIDER_|-[ID] \w+ (1 )?-j OUTRIDER_)/);
    }
  t.end();
});

t.test('nftables: a run replaces the one before, and a removal needs none', (t) => {
  const text = nftInstall(PLAN);
  t.ok(text.startsWith(nftRemove()));
  const rule = (part: string) => text.indexOf(part);
  t.ok(rule('meta skuid 1337 return') < rule('udp dport 53 redirect to :15053'));
  t.ok(rule('ip daddr 10.0.0.0/8 return') < rule('meta l4proto tcp redirect to :15001'));
  t.match(text, /ip6 daddr fd00::\/8 return/);
  t.match(text, /tcp dport \{ 25, 2525 \} return/);
  t.match(text, /tcp dport \{ 15006, 15001, 22 \} return/);
  t.end();
});

t.test('tproxy: inbound by TPROXY in the place of redirection, outbound as ever', (t) => {
  t.same(tablesOf(PLAN), ['nat']);
  t.same(tablesOf(TPROXY), ['mangle', 'nat']);
  const nat = iptablesInstall(TPROXY, 'ipv4', 'nat', []);
  t.same(chain(nat, 'OUTRIDER_OUT'), chain(iptablesInstall(PLAN, 'ipv4', 'nat', []), 'OUTRIDER_OUT'));
  t.same(chain(nat, 'OUTRIDER_IN'), [], 'the chain of an earlier run is emptied');
  const mangle = iptablesInstall(TPROXY, 'ipv6', 'mangle', JUMPS.mangle);
  t.same(chain(mangle, 'OUTRIDER_TPROXY'), [
    '! -p tcp -j RETURN',
    '-i lo -j RETURN',
    '-p tcp --dport 15006 -j RETURN',
    '-p tcp --dport 15001 -j RETURN',
    '-p tcp --dport 22 -j RETURN',
    '-m addrtype ! --dst-type LOCAL -j RETURN',
    '-p tcp -m conntrack --ctstate NEW -j TPROXY --on-port 15006',
  ]);
  t.same(chain(mangle, 'OUTRIDER_ANSWERS'), [
    '-p tcp -m mark --mark 1337 -j CONNMARK --save-mark',
    '-p tcp -m connmark --mark 1337 -m conntrack --ctdir REPLY -j CONNMARK --restore-mark',
  ]);
  const nft = nftInstall(TPROXY);
  t.ok(nft.startsWith(nftRemove()));
  t.match(nft, /redirect to :15001/);
  t.notMatch(nft, /redirect to :15006/);
  const rule = (part: string) => nft.indexOf(part);
  t.ok(rule('tcp dport { 15006, 15001, 22 } return') < rule('ct state new meta l4proto tcp tproxy to :15006'));
  t.ok(rule('fib daddr type != local return') < rule('tproxy to :15006'));
  t.ok(rule('tproxy to :15006 accept') < rule('ct state new drop'), 'without a sidecar nothing comes in');
  t.match(nft, /type route hook output[^}]*ct direction reply ct mark 1337 meta mark set 1337/);
  t.end();
});

t.test('policy routing: what is added is what is deleted, and each family has its own', (t) => {
  for (const family of ['ipv4', 'ipv6'] as const)
    for (const { add, del } of policyRoutes(family)) {
      t.equal(add[0], family === 'ipv4' ? '-4' : '-6');
      t.same(del, [...add.slice(0, 2), 'del', ...add.slice(3)]);
      t.match(add.join(' '), / (table|lookup) 15006( |$)/);
    }
  t.equal(policyRoutes('ipv4')[1]!.add.join(' '), '-4 rule add fwmark 1337 lookup 15006 pref 15006');
  t.end();
});

t.test('a range is an address, with a length that its family has', (t) => {
  for (const range of ['10.0.0.0/8', '10.1.2.3', 'fd00::/8', '::1', '0.0.0.0/0']) t.equal(rangeProblem(range), null);
  for (const range of ['', 'ten', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', 'fd00::/129', '10.0.0.0/-1'])
    t.type(rangeProblem(range), 'string', range);
  t.end();
});
