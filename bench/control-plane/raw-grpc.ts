/**
 * gRPC streams over a socket, as cheap as can be: a thousand clients must cost less than the server that is measured.
 * Trusts its server: no limits, no trailers read, no header tables.
 */
import { connect, type Socket } from 'node:net';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const WINDOW = 2 ** 30;
const TYPE = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goaway: 7, window: 8 } as const;

/** Takes in the messages of a stream. */
export type OnMessage = (message: Buffer) => void;

/** One connection with any number of streams. */
export class RawConnection {
  /** Bytes that came, frames and all. */
  receivedBytes = 0;
  /** Why the server ended it or one of its streams; empty while it has not. */
  problem = '';
  readonly #socket: Socket;
  readonly #streams = new Map<number, { readonly onMessage: OnMessage; pending: Buffer }>();
  #pending: Buffer = Buffer.alloc(0);
  #nextId = 1;

  constructor(host: string, port: number) {
    this.#socket = connect({ host, port, noDelay: true });
    this.#socket.on('error', (error) => {
      this.problem ||= error.message;
    });
    this.#socket.on('data', (chunk: Buffer) => this.#read(chunk));
    const settings = Buffer.alloc(6);
    settings.writeUInt16BE(4, 0);
    settings.writeUInt32BE(WINDOW, 2);
    const window = Buffer.alloc(4);
    window.writeUInt32BE(WINDOW, 0);
    this.#socket.write(
      Buffer.concat([PREFACE, frame(TYPE.settings, 0, 0, settings), frame(TYPE.window, 0, 0, window)]),
    );
  }

  /** Opens a stream; the answer writes a message to it. */
  open(path: string, onMessage: OnMessage): (message: Uint8Array) => void {
    const id = this.#nextId;
    this.#nextId += 2;
    this.#streams.set(id, { onMessage, pending: Buffer.alloc(0) });
    this.#socket.write(frame(TYPE.headers, 4, id, requestHead(path)));
    return (message) => {
      const head = Buffer.alloc(14);
      head.writeUIntBE(message.length + 5, 0, 3);
      head.writeUInt32BE(id, 5);
      head.writeUInt32BE(message.length, 10);
      this.#socket.write(Buffer.concat([head, message]));
    };
  }

  /** Resolves when the socket is closed. */
  close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#socket.once('close', () => resolve());
    this.#socket.destroy();
    return promise;
  }

  #read(chunk: Buffer): void {
    this.receivedBytes += chunk.length;
    let bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    while (bytes.length >= 9) {
      const end = 9 + bytes.readUIntBE(0, 3);
      if (bytes.length < end) break;
      this.#frame(bytes[3]!, bytes[4]!, bytes.readUInt32BE(5), bytes.subarray(9, end));
      bytes = bytes.subarray(end);
    }
    this.#pending = bytes;
  }

  #frame(type: number, flags: number, id: number, payload: Buffer): void {
    if (type === TYPE.data) this.#data(id, payload);
    else if (type === TYPE.settings && (flags & 1) === 0)
      this.#socket.write(frame(TYPE.settings, 1, 0, Buffer.alloc(0)));
    else if (type === TYPE.ping && (flags & 1) === 0) this.#socket.write(frame(TYPE.ping, 1, 0, payload));
    else if (type === TYPE.reset || type === TYPE.goaway) this.problem ||= `frame of type ${type} for stream ${id}`;
    // A second block of headers is the end of the stream, which no stream of ours should see.
    else if (type === TYPE.headers && (flags & 1) === 1)
      this.problem ||= `stream ${id} was ended: ${payload.toString('latin1')}`;
  }

  #data(id: number, payload: Buffer): void {
    const stream = this.#streams.get(id)!;
    let bytes = stream.pending.length === 0 ? payload : Buffer.concat([stream.pending, payload]);
    while (bytes.length >= 5) {
      const end = 5 + bytes.readUInt32BE(1);
      if (bytes.length < end) break;
      if (bytes[0] !== 0) this.problem ||= 'a compressed message that nobody asked for';
      stream.onMessage(bytes.subarray(5, end));
      bytes = bytes.subarray(end);
    }
    // A copy, so that the little that is left does not keep the whole chunk.
    stream.pending = Buffer.from(bytes);
  }
}

function frame(type: number, flags: number, id: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(id, 5);
  return Buffer.concat([head, payload]);
}

/** RFC 7541: POST and http are entries of the static table, the rest is written out. */
function requestHead(path: string): Buffer {
  const literal = (name: string, value: string) =>
    Buffer.concat([Buffer.from([0, name.length]), Buffer.from(name), Buffer.from([value.length]), Buffer.from(value)]);
  return Buffer.concat([
    Buffer.from([0x83, 0x86]),
    literal(':path', path),
    literal(':authority', 'control-plane'),
    literal('te', 'trailers'),
    literal('content-type', 'application/grpc'),
  ]);
}
