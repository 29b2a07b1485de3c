import type { Socket } from 'node:net';
import t from 'tap';
import { cluster } from '../../fakes/config-builders.ts';
import {
  data,
  FLAG,
  FRAME,
  get,
  headers,
  PREFACE,
  requestFields,
  SETTING,
  settings,
  windowUpdate,
} from '../../fakes/http2-frames.ts';
import { RawHttp2 } from '../../fakes/raw-http2.ts';
import { eventually, Harness, start } from './harness.ts';
import { eachRequest, OVER_HTTP2, startRawHttp2Endpoint, toRest } from './http2-peers.ts';
import { response } from './raw-upstream.ts';

const SMALL = 3_000;
const BYTES = Buffer.from(Array.from({ length: SMALL }, (_, i) => i % 251));

/** What came on a stream, in order. */
function received(peer: RawHttp2, stream: number): Buffer {
  return Buffer.concat(
    peer.frames.filter((each) => each.type === FRAME.data && each.stream === stream).map(({ payload }) => payload),
  );
}

function ended(peer: RawHttp2, stream: number): boolean {
  return peer.frames.some((each) => each.stream === stream && each.type <= 1 && (each.flags & FLAG.endStream) !== 0);
}

/** Gives back the window of every byte that comes, until the stream has ended. Nothing else may have a body. */
function sipping(peer: RawHttp2, stream: number): Promise<void> {
  let given = 0;
  return new Promise((resolve) => {
    const look = () => {
      const last = peer.frames.at(-1);
      if (last?.type === FRAME.data && (last.flags & FLAG.endStream) !== 0) resolve();
      else if (peer.dataBytes > given) peer.send(windowUpdate(stream, peer.dataBytes - given));
      given = peer.dataBytes;
    };
    peer.socket.on('data', look);
    look();
  });
}

t.test('a window of one byte delivers an answer, byte by byte', async (t) => {
  const { harness } = await start(t, {
    onRequest: (_, { socket }) => void socket.write(response(BYTES.latin1Slice())),
  });
  const opening = Buffer.concat([PREFACE, settings([[SETTING.initialWindowSize, 1]])]);
  const client = RawHttp2.connect(harness.port, { opening });
  t.teardown(() => client.destroy());
  client.send(get(1));
  await sipping(client, 1);
  t.equal(received(client, 1).length, SMALL);
  t.equal(client.goaway, undefined, 'and is not taken for an attack');
  client.destroy();
  await toRest(harness);
});

t.test('a window of one byte takes an upload, byte by byte, and its end', async (t) => {
  const raw = await startRawHttp2Endpoint(
    t,
    (connection) => {
      void eachRequest(connection, async (stream) => {
        if (stream !== 1) await sipping(connection, stream);
        connection.send(headers(stream, [[':status', '200']], FLAG.endStream));
      });
    },
    [[SETTING.initialWindowSize, 1]],
  );
  const harness = new Harness(t);
  await harness.apply({ clusters: [cluster('a', [raw.port], OVER_HTTP2)] });
  const client = RawHttp2.connect(harness.port);
  t.teardown(() => client.destroy());
  // The endpoint's windows are known before anything is sent.
  client.send(get(1));
  await client.waitFor(({ stream, type }) => stream === 1 && type === FRAME.headers, 'the first answer');
  // Several frames that wait together, the last one with the end.
  client.send(headers(3, requestFields('POST', '/')));
  for (let at = 0; at < SMALL; at += 500)
    client.send(data(3, BYTES.subarray(at, at + 500), at + 500 < SMALL ? 0 : FLAG.endStream));
  await client.waitFor(({ stream, type }) => stream === 3 && type === FRAME.headers, 'the answer');
  t.ok(received(raw.connections[0]!, 3).equals(BYTES));
  client.destroy();
  await toRest(harness);
});

t.test('windows that shrink below zero hold back exactly what they should', async (t) => {
  let socket: Socket | null = null;
  const { harness } = await start(t, {
    onRequest: ({ target }, connection) => {
      if (target === '/other') {
        connection.send(response('o'.repeat(60_000)));
        return;
      }
      socket = connection.socket;
      connection.send(`HTTP/1.1 200 OK\r\ncontent-length: 50000\r\n\r\n${'a'.repeat(40_000)}`);
    },
  });
  const client = RawHttp2.connect(harness.port);
  t.teardown(() => client.destroy());
  client.send(get(1));
  await eventually(() => client.dataBytes === 40_000, 'the first part');
  // 100 - 40,000 remain of the window.
  client.send(settings([[SETTING.initialWindowSize, 100]]));
  await client.waitFor(({ type, flags }) => type === FRAME.settings && (flags & FLAG.ack) !== 0, 'the acknowledgement');
  socket!.write('b'.repeat(10_000));
  const pong = async (name: string) => {
    const before = client.counts[FRAME.headers]!;
    client.send(get(nextStream(), '/other'));
    await eventually(() => client.counts[FRAME.headers]! > before, name);
  };
  let stream = 1;
  const nextStream = () => (stream += 2);
  await pong('an answer beside it');
  t.equal(received(client, 1).length, 40_000, 'below zero nothing comes');
  client.send(windowUpdate(1, 39_900));
  await pong('an answer beside it');
  t.equal(received(client, 1).length, 40_000, 'at zero neither');
  client.send(windowUpdate(1, 10));
  await eventually(() => received(client, 1).length > 40_000, 'some more');
  await pong('an answer beside it');
  t.equal(received(client, 1).length, 40_010);
  t.same(
    [3, 5, 7].map((each) => received(client, each).length),
    [100, 100, 100],
    'new streams begin with the new window',
  );
  client.send(windowUpdate(1, 20_000));
  await eventually(() => ended(client, 1), 'the end');
  t.equal(received(client, 1).length, 50_000);
  client.destroy();
  await toRest(harness);
});

t.test('the end of an answer needs no window, and takes none from others', async (t) => {
  let socket: Socket | null = null;
  const { harness } = await start(t, {
    onRequest: ({ target }, connection) => {
      if (target === '/other') {
        connection.send(response('o'.repeat(60_000)));
        return;
      }
      socket = connection.socket;
      connection.send(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9c40\r\n${'a'.repeat(40_000)}\r\n`);
    },
  });
  const client = RawHttp2.connect(harness.port);
  t.teardown(() => client.destroy());
  client.send(get(1));
  await eventually(() => client.dataBytes === 40_000, 'the first part');
  client.send(settings([[SETTING.initialWindowSize, 0]]));
  await client.waitFor(({ type, flags }) => type === FRAME.settings && (flags & FLAG.ack) !== 0, 'the acknowledgement');
  socket!.write('0\r\n\r\n');
  await eventually(() => ended(client, 1), 'the end');
  t.equal(received(client, 1).length, 40_000);
  // Of the connection's window 25,535 bytes are left.
  client.send(get(3, '/other'));
  await client.waitFor((each) => each.stream === 3 && each.type === FRAME.headers, 'the other answer');
  t.equal(received(client, 3).length, 0);
  client.send(windowUpdate(3, 60_000));
  await eventually(() => received(client, 3).length >= 25_535, 'what the connection has room for');
  client.send(get(5, '/other'));
  await client.waitFor((each) => each.stream === 5 && each.type === FRAME.headers, 'another answer');
  t.equal(received(client, 3).length, 25_535);
  client.send(windowUpdate(0, 60_000));
  await eventually(() => ended(client, 3), 'the rest');
  t.equal(received(client, 3).length, 60_000);
  client.destroy();
  await toRest(harness);
});

t.test('a stream that sends more than its window is reset, and the connection goes on', async (t) => {
  const raw = await startRawHttp2Endpoint(
    t,
    (connection) => {
      void eachRequest(connection, (stream) => {
        if (stream !== 3) connection.send(headers(stream, [[':status', '200']], FLAG.endStream));
      });
    },
    [[SETTING.initialWindowSize, 0]],
  );
  const harness = new Harness(t);
  await harness.apply({ clusters: [cluster('a', [raw.port], OVER_HTTP2)] });
  const client = RawHttp2.connect(harness.port);
  t.teardown(() => client.destroy());
  client.send(get(1));
  await client.waitFor(({ stream, type }) => stream === 1 && type === FRAME.headers, 'the first answer');
  // None of it can go on, so that no window is given back: 80,000 bytes are more than there is.
  client.send(headers(3, requestFields('POST', '/')));
  for (let i = 0; i < 5; i++) client.send(data(3, Buffer.alloc(16_000)));
  client.send(get(5));
  const reset = await client.waitFor(({ type }) => type === FRAME.rstStream, 'the reset');
  t.same([reset.stream, reset.payload.readUInt32BE(0)], [3, 3], 'FLOW_CONTROL_ERROR');
  await client.waitFor(({ stream, type }) => stream === 5 && type === FRAME.headers, 'the other answer');
  t.equal(client.goaway, undefined);
  client.destroy();
  await toRest(harness);
});
