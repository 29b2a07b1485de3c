/**
 * WebSocket, as its peers see it: the verdict of both peers through the data plane is the one they reach without it, for
 * what is right and for what is wrong.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { WebSocket, WebSocketServer } from 'ws';
import { cluster } from '../../fakes/config-builders.ts';
import { eventually, Harness } from './harness.ts';

const MANAGER = { upgrades: { websocket: true } };

/** One thing to send, and what the peers make of it, in words. */
interface WebSocketCase {
  readonly name: string;
  send(client: WebSocket): void;
  /** Echoes, pongs or a close that end it. */
  readonly events: number;
}

const SIZES = [0, 1, 125, 126, 127, 128, 65_535, 65_536, 65_537, 1 << 20];

/** Bytes that are no frame of a well-behaved client: written below the library. */
function raw(name: string, hex: string): WebSocketCase {
  const bytes = Buffer.from(hex, 'hex');
  return { name, events: 1, send: (client) => void socketOf(client).write(bytes) };
}

function socketOf(client: WebSocket): NodeJS.WritableStream {
  return (client as unknown as { _socket: NodeJS.WritableStream })._socket;
}

const CASES: readonly WebSocketCase[] = [
  ...SIZES.map((size) => ({ name: `text of ${size}`, events: 1, send: (c: WebSocket) => c.send('*'.repeat(size)) })),
  ...SIZES.map((size) => ({
    name: `binary of ${size}`,
    events: 1,
    send: (c: WebSocket) => c.send(Buffer.alloc(size, 0xfe)),
  })),
  { name: 'utf-8', events: 1, send: (c) => c.send('κόσμε \u{10ffff}') },
  { name: 'ping', events: 1, send: (c) => c.ping('payload') },
  {
    name: 'ten pings and a text',
    events: 11,
    send: (c) => {
      for (let i = 0; i < 10; i++) c.ping(`${i}`);
      c.send('x');
    },
  },
  {
    name: 'an unasked pong',
    events: 1,
    send: (c) => {
      c.pong('x');
      c.send('after');
    },
  },
  {
    name: 'fragments with a ping between',
    events: 2,
    send: (c) => {
      c.send('one ', { fin: false });
      c.ping('p');
      c.send('two', { fin: true });
    },
  },
  {
    name: 'a hundred messages at once',
    events: 100,
    send: (c) => {
      for (let i = 0; i < 100; i++) c.send(`message ${i}`);
    },
  },
  { name: 'close with a code', events: 1, send: (c) => c.close(3_456, 'enough') },
  { name: 'close without one', events: 1, send: (c) => c.close() },
  raw('a reserved bit', 'c1808000000000'.slice(0, 12)),
  raw('a reserved opcode', '8380000000 00'.replace(' ', '')),
  raw('an unmasked frame', '810161'),
  raw('invalid utf-8', '8182000000 00c328'.replace(' ', '')),
  raw('a continuation of nothing', '808100000000 61'.replace(' ', '')),
  raw('a fragmented ping', '098000000000'),
  raw('a ping that is too long', `89fe007e00000000${'61'.repeat(126)}`),
  raw('a close of one byte', '8881000000 0003'.replace(' ', '')),
  raw('a close with a reserved code', '888200000000 03ec'.replace(' ', '')),
  raw('a length with its highest bit set', '82ff8000000000000001 00000000'.replace(' ', '')),
];

/** Runs a case against the server at that port, and tells what client and server saw. */
async function verdict(port: number, serverEvents: string[], { send, events }: WebSocketCase): Promise<string[]> {
  serverEvents.length = 0;
  const seen: string[] = [];
  const client = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: true });
  const done = Promise.withResolvers<void>();
  const note = (what: string) => {
    seen.push(what);
    if (seen.length >= events) done.resolve();
  };
  client.on('message', (data: Buffer, binary) =>
    note(`${binary ? 'binary' : 'text'} ${data.length} ${data.subarray(0, 20)}`),
  );
  client.on('pong', (data: Buffer) => note(`pong ${data}`));
  client.on('error', (error) => note(`error ${error.message}`));
  client.on('close', (code, reason) => note(`close ${code} ${reason}`));
  await once(client, 'open');
  send(client);
  await done.promise;
  if (client.readyState === WebSocket.OPEN) client.close();
  if (client.readyState !== WebSocket.CLOSED) await once(client, 'close');
  await eventually(() => serverEvents.some((each) => each.startsWith('close')), 'the server to close');
  return [...seen.slice(0, events), '|', ...serverEvents];
}

t.test('WebSocket peers reach the same verdict as without the data plane', async (t) => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: true });
  t.teardown(() => void server.close());
  await once(server, 'listening');
  const serverEvents: string[] = [];
  server.on('connection', (socket) => {
    socket.on('message', (data, binary) => socket.send(data as Buffer, { binary }));
    socket.on('ping', () => serverEvents.push('ping'));
    socket.on('pong', () => serverEvents.push('pong'));
    socket.on('error', (error) => serverEvents.push(`error ${error.message}`));
    socket.on('close', (code, reason) => serverEvents.push(`close ${code} ${reason}`));
  });
  const { port } = server.address() as AddressInfo;
  const harness = new Harness(t);
  await harness.apply({ clusters: [cluster('a', [port])], manager: MANAGER });
  for (const each of CASES) {
    const direct = await verdict(port, serverEvents, each);
    t.same(await verdict(harness.port, serverEvents, each), direct, each.name);
  }
  t.equal(harness.plane.activator.managerStats()[0]!.cxUpgradesTotal, CASES.length);
});
