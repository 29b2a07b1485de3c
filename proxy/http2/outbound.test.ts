import t from 'tap';
import type { TurnTask } from '../net/turn-end.ts';
import { Outbound } from './outbound.ts';

const STREAMS = 100;
const QUEUED_BYTES = 50_000;
const FRAME_BYTES = 16_384;

function stream(id: number) {
  return {
    id,
    closed: false,
    sendWindow: 1_000_000,
    queue: null,
    queuedBytes: 0,
    endQueued: false,
    trailersQueued: null,
    onDrained: () => undefined,
  };
}

/** A connection whose window is shut, with so many streams that wait for it, on a loop whose turns are ended by hand. */
function bench() {
  const tasks: TurnTask[] = [];
  const sent = new Map<number, string>();
  let bytes = 0;
  const ended: number[] = [];
  const writer = {
    congested: false,
    stopped: false,
    data: (id: number, buffer: Buffer, start: number, end: number) => {
      bytes += end - start;
      sent.set(id, (sent.get(id) ?? '') + buffer.latin1Slice(start, end));
    },
  };
  const owner = { onDataSent: () => undefined, onLocalEnd: ({ id }: { id: number }) => ended.push(id) };
  const turnEnd = { add: (task: TurnTask) => tasks.push(task) };
  const outbound = new Outbound(writer as never, owner as never, turnEnd as never);
  const streams = Array.from({ length: STREAMS }, (_, i) => stream(2 * i + 1));
  const first = stream(2 * STREAMS + 1);
  outbound.data(first as never, Buffer.alloc(65_535), 0, 65_535, true);
  bytes = 0;
  for (const each of streams)
    outbound.data(each as never, Buffer.alloc(QUEUED_BYTES, 97 + (each.id % 26)), 0, QUEUED_BYTES, true);
  const endTurn = () => {
    const before = bytes;
    for (const task of tasks.splice(0)) task.onTurnEnd();
    return bytes - before;
  };
  return { outbound, streams, sent, ended, tasks, writer, endTurn, bytes: () => bytes };
}

t.test('what waits leaves in many turns, whole and in order', async (t) => {
  const { outbound, streams, sent, ended, tasks, endTurn, bytes } = bench();
  t.equal(bytes(), 0, 'nothing may be sent');
  outbound.grow(STREAMS * QUEUED_BYTES);
  const most = 131_072 + FRAME_BYTES;
  t.ok(bytes() > 0 && bytes() <= most, `at once: ${bytes()}`);
  while (tasks.length > 0) {
    const moved = endTurn();
    if (moved > most) t.fail(`${moved} bytes in one turn`);
  }
  for (const { id } of streams)
    t.ok(sent.get(id) === String.fromCharCode(97 + (id % 26)).repeat(QUEUED_BYTES), `${id}`);
  t.equal(ended.length, STREAMS + 1);
  t.equal(outbound.queuedBytes, 0);
});

t.test('windows of single streams do not get round it', async (t) => {
  const { outbound, streams, ended, endTurn, tasks, bytes } = bench();
  for (const each of streams) each.sendWindow = 0;
  outbound.grow(STREAMS * QUEUED_BYTES);
  t.equal(bytes(), 0);
  for (const each of streams) outbound.growStream(each as never, QUEUED_BYTES);
  t.ok(bytes() <= 131_072 + FRAME_BYTES, `at once: ${bytes()}`);
  while (tasks.length > 0) endTurn();
  t.equal(ended.length, STREAMS + 1);
});

t.test('a socket that takes no more stops it until it does', async (t) => {
  const { outbound, ended, endTurn, tasks, writer, bytes } = bench();
  outbound.grow(STREAMS * QUEUED_BYTES);
  writer.congested = true;
  const before = bytes();
  while (tasks.length > 0) endTurn();
  t.equal(bytes(), before);
  writer.congested = false;
  outbound.pump();
  while (tasks.length > 0) endTurn();
  t.equal(ended.length, STREAMS + 1);
});
