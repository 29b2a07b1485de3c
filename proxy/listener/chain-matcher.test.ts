import t from 'tap';
import { chainMatch } from '../../test/fakes/config-builders.ts';
import type { FilterChainMatch } from '../config/model/listener.ts';
import { ChainMatcher, type ConnectionFacts } from './chain-matcher.ts';

const FACTS: ConnectionFacts = {
  local: { host: '10.1.2.3', port: 443 },
  remote: { host: '192.168.7.8', port: 5000 },
  directRemote: { host: '192.168.7.8', port: 5000 },
  serverName: 'a.b.test',
  transportProtocol: 'tls',
  applicationProtocols: ['h2', 'http/1.1'],
};

/** The name of the chain that takes a connection, `default` or null. */
function taken(
  chains: Readonly<Record<string, Partial<FilterChainMatch>>>,
  change: Partial<ConnectionFacts> = {},
  fallback: string | null = 'default',
): string | null {
  const compiled = Object.entries(chains).map(([value, match]) => ({ value, match: chainMatch(match) }));
  return new ChainMatcher(compiled, fallback).match({ ...FACTS, ...change });
}

t.test('each criterion takes what fits and leaves the rest', (t) => {
  const cases: [Partial<FilterChainMatch>, Partial<ConnectionFacts>][] = [
    [{ destinationPort: 443 }, { local: { host: '10.1.2.3', port: 80 } }],
    [{ prefixRanges: ['10.0.0.0/8'] }, { local: { host: '11.0.0.1', port: 443 } }],
    [{ prefixRanges: ['0.0.0.0/0'] }, { local: { host: '2001:db8::1', port: 443 } }],
    [{ serverNames: ['a.b.test'] }, { serverName: 'b.test' }],
    [{ serverNames: ['*.b.test'] }, { serverName: 'b.test' }],
    [{ transportProtocol: 'tls' }, { transportProtocol: 'raw_buffer' }],
    [{ applicationProtocols: ['http/1.1'] }, { applicationProtocols: [] }],
    [{ directSourcePrefixRanges: ['192.168.0.0/16'] }, { directRemote: { host: '1.1.1.1', port: 1 } }],
    [{ sourceType: 'external' }, { directRemote: { host: '127.0.0.1', port: 1 } }],
    [{ sourcePrefixRanges: ['192.168.7.8/32'] }, { remote: { host: '192.168.7.9', port: 1 } }],
    [{ sourcePorts: [4999, 5000] }, { remote: { host: '192.168.7.8', port: 5001 } }],
  ];
  for (const [match, otherwise] of cases) {
    t.equal(taken({ asked: match }), 'asked', JSON.stringify(match));
    t.equal(taken({ asked: match }, otherwise), 'default', JSON.stringify(otherwise));
  }
  t.equal(taken({ six: { prefixRanges: ['::/0'] } }), 'default', 'an address of IPv4 is none of IPv6');
  t.equal(
    taken({ near: { sourceType: 'same-ip-or-loopback' } }, { directRemote: { host: '10.1.2.3', port: 1 } }),
    'near',
  );
  t.end();
});

t.test('the more specific match wins, whatever the order', (t) => {
  t.equal(taken({ any: {}, port: { destinationPort: 443 } }), 'port');
  t.equal(taken({ wide: { prefixRanges: ['10.0.0.0/8'] }, narrow: { prefixRanges: ['10.1.0.0/16'] } }), 'narrow');
  t.equal(
    taken({
      all: { serverNames: ['*.test'] },
      some: { serverNames: ['*.b.test'] },
      one: { serverNames: ['a.b.test'] },
    }),
    'one',
  );
  t.equal(taken({ all: { serverNames: ['*.test'] }, some: { serverNames: ['*.b.test'] } }), 'some');
  t.equal(taken({ any: {}, world: { sourcePrefixRanges: ['0.0.0.0/0'] } }), 'world');
  t.end();
});

t.test('a chain that loses at one criterion does not come back at the next, as in Envoy', (t) => {
  const chains = { port: { destinationPort: 443, serverNames: ['other.test'] }, name: { serverNames: ['a.b.test'] } };
  t.equal(taken(chains), 'default');
  t.equal(taken(chains, {}, null), null);
  t.end();
});

t.test('IPv6 ranges hold IPv6 addresses only', (t) => {
  const ranges = { v6: { sourcePrefixRanges: ['2001:db8::/32'] }, v4: { sourcePrefixRanges: ['0.0.0.0/0'] } };
  t.equal(taken(ranges, { remote: { host: '2001:db8::1', port: 1 } }), 'v6');
  t.equal(taken(ranges, { remote: { host: '2001:db9::1', port: 1 } }), 'default');
  t.equal(taken(ranges), 'v4');
  t.end();
});

t.test('one chain that asks for nothing needs no look at the connection', (t) => {
  t.equal(new ChainMatcher([{ match: chainMatch(), value: 'one' }], null).only, 'one');
  t.equal(new ChainMatcher([{ match: chainMatch({ destinationPort: 1 }), value: 'one' }], null).only, null);
  t.end();
});
