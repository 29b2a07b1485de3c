import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import fc from 'fast-check';
import t from 'tap';
import { TimerWheel } from '../../kernel/timer-wheel.ts';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { seededRandom } from '../../test/fakes/fake-random.ts';
import { FakeTimers } from '../../test/fakes/fake-timers.ts';
import { Loop } from './loop.ts';
import { STRING_WRITE_BYTES, Transport, UNHANDLED } from './transport.ts';

const clock = new FakeClock();

/** A loop in whose turns there were so many writes that the next ones are held. */
async function crowdedLoop(): Promise<Loop> {
  const loop = new Loop(clock, new TimerWheel(clock, new FakeTimers(clock)), seededRandom());
  const holder = { flush: () => {} };
  for (let i = 0; i < 100; i++) if (loop.heldWrites.wanted()) loop.heldWrites.add(holder);
  await nextTurn();
  t.ok(loop.heldWrites.wanted(), 'writes are held');
  return loop;
}

function nextTurn(): Promise<void> {
  return new Promise((done) => void setImmediate(done));
}

/** A transport in a loop of its own, and all that its peer reads up to the end. */
async function pair(): Promise<{ transport: Transport; received: Promise<string> }> {
  const loop = await crowdedLoop();
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const received = once(server, 'connection').then(async ([peer]) => {
    peer.setEncoding('latin1');
    let text = '';
    for await (const part of peer) text += part;
    peer.destroy();
    server.close();
    return text;
  });
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  return { transport: new Transport(loop, socket, UNHANDLED), received };
}

const WAYS = {
  write: (transport: Transport, bytes: Buffer) => transport.write(bytes.latin1Slice()),
  writeBytes: (transport: Transport, bytes: Buffer) => transport.writeBytes(bytes, 0, bytes.length),
  writeKept: (transport: Transport, bytes: Buffer) => transport.writeKept(bytes),
  writeShared: (transport: Transport, bytes: Buffer) => void transport.writeShared(Buffer.from(bytes)),
} as const;

const step = fc.record({
  way: fc.constantFrom(...(Object.keys(WAYS) as (keyof typeof WAYS)[])),
  size: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 3 * STRING_WRITE_BYTES })),
  turnEnds: fc.boolean(),
});

t.test('whatever is written in whatever way arrives in order, held or not, up to the end', async (t) => {
  const property = fc.asyncProperty(
    fc.array(step, { maxLength: 12 }),
    fc.constantFrom('end', 'destroyWhenWritten'),
    async (steps, ending) => {
      const { transport, received } = await pair();
      let expected = '';
      for (const [i, { way, size, turnEnds }] of steps.entries()) {
        const bytes = Buffer.alloc(size, `${i}.`, 'latin1');
        expected += bytes.latin1Slice();
        WAYS[way](transport, bytes);
        if (turnEnds) await nextTurn();
      }
      transport[ending as 'end' | 'destroyWhenWritten']();
      return (await received) === expected;
    },
  );
  await fc.assert(property, { numRuns: 60 });
  t.end();
});

t.test('what is held counts as queued, and leaves before the connection is ended by force', async (t) => {
  const { transport, received } = await pair();
  transport.write('first');
  t.equal(transport.queuedBytes, 5);
  transport.write(' second');
  t.equal(transport.queuedBytes, 12);
  transport.destroy();
  t.equal(transport.queuedBytes, 0);
  t.equal(await received, 'first second');
});

t.test('no more is held than one write of text may have', async (t) => {
  const { transport, received } = await pair();
  transport.write('x'.repeat(STRING_WRITE_BYTES));
  t.equal(transport.queuedBytes, STRING_WRITE_BYTES);
  transport.write('y');
  t.equal(transport.queuedBytes, 0, 'both have left');
  transport.end();
  t.equal((await received).length, STRING_WRITE_BYTES + 1);
});

t.test('what is held when the peer takes no more is forgotten', async (t) => {
  const { transport, received } = await pair();
  transport.write('lost');
  transport.dropHeld();
  transport.write('kept');
  await nextTurn();
  transport.end();
  t.equal(await received, 'kept');
});
