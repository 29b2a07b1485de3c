import fc from 'fast-check';
import t from 'tap';
import { Http2Stats } from '../http/http2-stats.ts';
import { HEADROOM_BYTES } from '../net/loop.ts';
import { FairReader } from './fair-reader.ts';
import { FairShare, listUnits } from './fair-share.ts';

/** A loop whose turns are ended by hand, and a transport that may not be read from while it is paused. */
function bench(unitsPerByte: number) {
  const share = new FairShare();
  const tasks: { onTurnEnd(): void }[] = [];
  const state = { paused: false, read: '', most: 0 };
  const shared = {
    share,
    loop: { turnEnd: { add: (task: { onTurnEnd(): void }) => tasks.push(task) }, refresh: () => 0 },
  };
  const transport = { pause: () => (state.paused = true), resume: () => (state.paused = false) };
  const client = {
    closed: false,
    work: 0,
    readShare(buffer: Buffer, start: number, end: number, units: number): number {
      client.work = 0;
      let at = start;
      for (; at < end && client.work < units; at++) {
        state.read += String.fromCharCode(buffer[at]!);
        client.work += unitsPerByte;
      }
      state.most = Math.max(state.most, client.work);
      return at;
    },
  };
  const stats = new Http2Stats();
  const reader = new FairReader(shared as never, transport as never, stats, client);
  const endTurn = () => {
    for (const task of tasks.splice(0)) task.onTurnEnd();
  };
  return { reader, state, stats, share, client, endTurn };
}

function fed(text: string): [Buffer, number, number] {
  const buffer = Buffer.concat([Buffer.alloc(HEADROOM_BYTES), Buffer.from(text, 'latin1')]);
  return [buffer, HEADROOM_BYTES, buffer.length];
}

t.test('whatever the pieces and their cost, every byte is read once and in order, a share at a time', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ minLength: 1, maxLength: 300 }), { maxLength: 8 }),
      fc.integer({ min: 1, max: 900 }),
      (pieces, unitsPerByte) => {
        const { reader, state, share, endTurn } = bench(unitsPerByte);
        for (const piece of pieces) {
          reader.feed(...fed(piece));
          // Bytes that were decrypted together come though the transport is paused.
          if (piece.length % 3 === 0) reader.feed(...fed('+'));
          while (state.paused) endTurn();
        }
        const expected = pieces.map(
          (piece) => Buffer.from(piece, 'latin1').toString('latin1') + (piece.length % 3 === 0 ? '+' : ''),
        );
        return state.read === expected.join('') && share.waiting === 0 && state.most < 2_048 + unitsPerByte;
      },
    ),
  );
  t.end();
});

t.test('the share is smaller the more want more, but never nothing', (t) => {
  const share = new FairShare();
  const alone = share.units;
  share.waiting = 7;
  t.equal(share.units, alone / 8);
  share.waiting = 10_000;
  t.equal(share.units, 128);
  t.end();
});

t.test('who is gone is not read on, and nobody is left to wait', (t) => {
  const { reader, state, stats, share, client, endTurn } = bench(100);
  reader.feed(...fed('x'.repeat(60)));
  t.equal(state.read.length, 21);
  t.equal(stats.readsDeferred, 1);
  t.ok(state.paused);
  client.closed = true;
  endTurn();
  t.equal(state.read.length, 21);
  t.notOk(state.paused);
  t.equal(share.waiting, 0);
  t.end();
});

t.test('what one frame was over is paid with later shares, before anything is read', (t) => {
  const { reader, state, share, endTurn } = bench(5_000);
  reader.feed(...fed('ab'));
  t.equal(state.read, 'a', 'more than two shares at once');
  let turns = 0;
  for (; state.read === 'a'; turns++) endTurn();
  t.ok(turns >= 3, `turns without a byte: ${turns - 1}`);
  while (state.paused) endTurn();
  t.equal(state.read, 'ab');
  t.equal(share.waiting, 0);
  t.end();
});

t.test('a list over the limit costs by what has to be decoded, not by what it claims to be', (t) => {
  t.equal(listUnits(640, 60_000, 32), 12);
  t.equal(listUnits(64_000_000, 60_000, 16_384), 937 + 1_024);
  t.end();
});
