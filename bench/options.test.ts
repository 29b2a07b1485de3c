import t from 'tap';
import { parseBenchOptions } from './options.ts';

t.test('without arguments the defaults of the benches hold', (t) => {
  const options = parseBenchOptions([], 'on');
  t.match(options, { rounds: 5, seconds: 2, connections: 64, request: 'small', features: true, rate: 0 });
  t.match(options, { proxyCore: 0, loadCore: 1, json: undefined });
  t.equal(options.peers.length, 7);
  t.end();
});

t.test('values are taken over', (t) => {
  const args = ['--rounds', '3', '--peers', 'envoy,outrider', '--features', 'off', '--cores', '2,3'];
  const options = parseBenchOptions([...args, '--json', 'x.json'], 'on');
  t.match(options, { rounds: 3, features: false, proxyCore: 2, loadCore: 3, json: 'x.json' });
  t.same(
    options.peers.map((peer) => peer.name),
    ['envoy', 'outrider'],
  );
  t.end();
});

t.test('another bundle is a peer under the name that it is given', (t) => {
  const { peers } = parseBenchOptions(['--peers', 'outrider, before=/nowhere/dist/outrider.cjs'], 'on');
  t.same(
    peers.map((peer) => peer.name),
    ['outrider', 'before'],
  );
  t.same(peers[1]!.find(), { missing: 'there is no file /nowhere/dist/outrider.cjs' });
  t.same(peers[1]!.kinds, peers[0]!.kinds);
  t.end();
});

t.test('a wrong value is refused with the option and what it may be', (t) => {
  t.throws(() => parseBenchOptions(['--rounds', '0'], 'on'), /--rounds 0: give a whole number from 1 to 100/);
  t.throws(() => parseBenchOptions(['--seconds', 'x'], 'on'), /--seconds x/);
  t.throws(() => parseBenchOptions(['--request', 'big'], 'on'), /--request big: give one of small, real/);
  t.throws(() => parseBenchOptions(['--cores', '1,1'], 'on'), /two different cores/);
  t.throws(() => parseBenchOptions(['--peers', 'squid'], 'on'), /no peer "squid"; known are haproxy/);
  t.throws(() => parseBenchOptions(['--peers', 'envoy,outrider=x.cjs'], 'on'), /"outrider" is a peer: give the bundle/);
  t.throws(() => parseBenchOptions(['--peers', 'a=x.cjs,a=y.cjs'], 'on'), /"a" stands there twice/);
  t.throws(() => parseBenchOptions(['--colour'], 'on'), /colour/);
  t.end();
});
