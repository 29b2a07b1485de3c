import fc from 'fast-check';
import t from 'tap';
import { EMPTY_STATE } from '../state/model.ts';
import { stateOf } from '../translate/test-fixtures.ts';
import { decodeBackup, encodeBackup } from './backup-file.ts';

const STATE = stateOf(`services:
  cart: {command: x, x-outrider: {config: {limit: 5}}}
  orders: {command: x, environment: {KEY: value}}
`);
const ENTRY = {
  revision: 1,
  parent: 0,
  atMs: 5,
  author: 'ann',
  verified: false,
  message: '',
  command: 'apply' as const,
  origin: '/mesh.yaml',
  changes: [{ kind: 'workload' as const, name: 'cart', action: 'created' as const }],
};
const RECORDS = [{ entry: ENTRY, undo: [{ map: 'workloads' as const, name: 'cart', before: null }] }];
const file = () => encodeBackup({ state: STATE, records: RECORDS }, 1_700_000_000_000, '1.2.3');

t.test('a backup holds the state and its history', async (t) => {
  const decoded = await decodeBackup(await file());
  t.strictSame(decoded, {
    ok: true,
    value: {
      header: { revision: 1, takenAt: '2023-11-14T22:13:20.000Z', program: '1.2.3', things: 2, records: 1 },
      state: STATE,
      records: RECORDS,
    },
  });
  const empty = await decodeBackup(await encodeBackup({ state: EMPTY_STATE, records: [] }, 0, ''));
  t.match(empty, { ok: true, value: { state: EMPTY_STATE } });
});

t.test('a byte that is changed, cut off or added anywhere is noticed', async () => {
  const good = await file();
  const damage = fc.oneof(
    fc.record({ kind: fc.constant('flip'), at: fc.nat(good.length - 1), bit: fc.nat(7) }),
    fc.record({ kind: fc.constant('cut'), at: fc.nat(good.length - 1), bit: fc.constant(0) }),
    fc.record({ kind: fc.constant('drop'), at: fc.nat(good.length - 1), bit: fc.constant(0) }),
    fc.record({ kind: fc.constant('add'), at: fc.nat(good.length), bit: fc.nat(7) }),
  );
  const damaged = (kind: string, at: number, bit: number) => {
    if (kind === 'cut') return good.subarray(0, at);
    if (kind === 'drop') return Buffer.concat([good.subarray(0, at), good.subarray(at + 1)]);
    if (kind === 'add') return Buffer.concat([good.subarray(0, at), Buffer.from([1 << bit]), good.subarray(at)]);
    const copy = Buffer.from(good);
    copy[at]! ^= 1 << bit;
    return copy;
  };
  const property = fc.asyncProperty(damage, async ({ kind, at, bit }) => {
    const bad = damaged(kind, at, bit);
    const result = await decodeBackup(bad);
    return !result.ok && result.error.length > 0 && !result.error.includes('\n');
  });
  await fc.assert(property, { numRuns: 600 });
});

t.test('what is no backup is told from one that is damaged, and from one that is too new', async (t) => {
  const errorOf = async (bytes: Buffer) => {
    const result = await decodeBackup(bytes);
    return result.ok ? '' : result.error;
  };
  t.match(await errorOf(Buffer.alloc(0)), /is no backup of Outrider/);
  t.match(await errorOf(Buffer.from('services: {}\n')), /is no backup of Outrider/);
  t.match(await errorOf((await file()).subarray(0, 200)), /damaged or cut short/);
  const newer = (await file()).toString('latin1').replace('outrider-backup 1', 'outrider-backup 2');
  t.match(await errorOf(Buffer.from(newer, 'latin1')), /format version 2, this control plane reads 1: update it/);
});
