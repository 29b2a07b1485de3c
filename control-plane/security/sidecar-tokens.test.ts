import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { silentLogger } from '../../kernel/log.ts';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { FakeTimers } from '../../test/fakes/fake-timers.ts';
import { claimProblem } from './claims.ts';
import { REPLICA_TOKEN_TTL_MS, ReplicaTokens } from './replica-tokens.ts';
import type { WorkloadBinding } from './roles.ts';
import { SidecarTokens } from './sidecar-tokens.ts';

t.test('whoever has a folder among the sidecars’ gets a token of its name there, and nobody else', (t) => {
  const clock = new FakeClock();
  // Of its own: hours pass between two looks.
  const looks = new FakeClock();
  const timers = new FakeTimers(looks);
  const dir = t.testdir({ sidecars: { cart: {}, shop: { 'node-id': 'shop-1' }, 'No name': {}, file: 'text' } });
  const replicaTokens = new ReplicaTokens(Buffer.alloc(32, 1));
  const warnings: unknown[] = [];
  const logger = { ...silentLogger, warn: (fields: unknown) => warnings.push(fields) };
  const folder = (...names: string[]) => join(dir, 'sidecars', ...names);
  const tokens = new SidecarTokens(folder(), {
    clock,
    timers,
    logger: logger as typeof silentLogger,
    tokens: replicaTokens,
  });
  const read = (name: string) => readFileSync(folder(name, 'token'), 'utf8').trim();
  const cart = read('cart');
  t.equal(statSync(folder('cart', 'token')).mode & 0o777, 0o600);
  t.match(replicaTokens.read(cart, clock.wallMs()), { value: { id: null, workload: 'cart', services: null } });
  t.same(readdirSync(folder('No name')), [], 'no workload can have that name');
  const binding: WorkloadBinding = { workload: 'cart', services: null, nodeId: null };
  const servicesOf = () => ['cart', 'basket'];
  const claim = { nodeId: 'cart-1', workload: 'cart', services: ['basket'] };
  t.equal(claimProblem(claim, binding, servicesOf), undefined, 'for any node of the workload, and all of its services');
  t.match(claimProblem({ ...claim, workload: 'shop' }, binding, servicesOf), /cannot speak for workload "shop"/);

  mkdirSync(folder('late'));
  looks.advance({ ms: 500 });
  t.ok(read('late'), 'one that comes later');
  t.equal(read('cart'), cart, 'it stays as long as it is good');
  clock.advance({ ms: REPLICA_TOKEN_TTL_MS / 4 });
  looks.advance({ ms: 500 });
  t.not(read('cart'), cart, 'and is exchanged long before it is not');
  rmSync(folder('cart', 'token'));
  looks.advance({ ms: 500 });
  t.ok(read('cart'));
  t.equal(tokens.counts.written, 7);

  // As one that is not ours, to anybody but root.
  mkdirSync(folder('shut', 'token.new'), { recursive: true });
  for (let i = 0; i < 4; i++) {
    looks.advance({ ms: 500 });
    clock.advance({ ms: 5_000 });
  }
  t.equal(tokens.counts.failed, 4);
  t.match(warnings, [{ file: folder('shut', 'token') }], 'said once, when it has stayed so for a while');
  t.equal(warnings.length, 1);
  tokens.close();
  t.equal(timers.pending, 0);
  t.end();
});
