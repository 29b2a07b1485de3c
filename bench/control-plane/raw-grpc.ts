/**
 * gRPC streams over a socket, as cheap as can be: a thousand clients must cost less than the server that is measured.
 * Trusts its server: no limits, no trailers read, no header tables.
 */
import { connect, type Socket } from 'node:net';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const WINDOW = 2 ** 30;
/** RFC 9113: what a frame and what is on its way may hold until the other side has said otherwise. */
const FRAME_BYTES_MAX = 16_384;
const INITIAL_WINDOW = 65_535;
const INITIAL_WINDOW_SIZE = 4;
const TYPE = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goaway: 7, window: 8 } as const;

/** Takes in the messages of a stream. */
export type OnMessage = (message: Buffer) => void;

interface Stream {
  readonly onMessage: OnMessage;
  /** Of a message that is not whole yet. */
  pending: Buffer[];
  pendingBytes: number;
  /** What waits for room, and the room. */
  unsent: Buffer;
  window: number;
}

/** One connection with any number of streams. */
export class RawConnection {
  /** Bytes that came, frames and all. */
  receivedBytes = 0;
  /** Why the server ended it or one of its streams; empty while it has not. */
  problem = '';
  readonly #socket: Socket;
  readonly #streams = new Map<number, Stream>();
  /** Bytes that may still be sent. */
  #window = INITIAL_WINDOW;
  #initialWindow = INITIAL_WINDOW;
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
    const stream = { onMessage, pending: [], pendingBytes: 0, unsent: Buffer.alloc(0), window: this.#initialWindow };
    this.#streams.set(id, stream);
    this.#socket.write(frame(TYPE.headers, 4, id, requestHead(path)));
    return (message) => {
      const head = Buffer.alloc(5);
      head.writeUInt32BE(message.length, 1);
      stream.unsent = Buffer.concat([stream.unsent, head, message]);
      this.#send(id, stream);
    };
  }

  /** Writes what there is room for. */
  #send(id: number, stream: Stream): void {
    while (stream.unsent.length > 0) {
      const length = Math.min(stream.unsent.length, FRAME_BYTES_MAX, stream.window, this.#window);
      if (length <= 0) return;
      this.#socket.write(frame(TYPE.data, 0, id, stream.unsent.subarray(0, length)));
      stream.unsent = stream.unsent.subarray(length);
      stream.window -= length;
      this.#window -= length;
    }
  }

  #settings(payload: Buffer): void {
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      if (payload.readUInt16BE(at) !== INITIAL_WINDOW_SIZE) continue;
      const size = payload.readUInt32BE(at + 2);
      for (const stream of this.#streams.values()) stream.window += size - this.#initialWindow;
      this.#initialWindow = size;
    }
    this.#socket.write(frame(TYPE.settings, 1, 0, Buffer.alloc(0)));
    this.#sendAll();
  }

  #widen(id: number, bytes: number): void {
    const stream = this.#streams.get(id);
    if (id === 0) this.#window += bytes;
    else if (stream !== undefined) stream.window += bytes;
    this.#sendAll();
  }

  #sendAll(): void {
    for (const [id, stream] of this.#streams) if (stream.unsent.length > 0) this.#send(id, stream);
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
    else if (type === TYPE.settings && (flags & 1) === 0) this.#settings(payload);
    else if (type === TYPE.window) this.#widen(id, payload.readUInt32BE(0));
    else if (type === TYPE.ping && (flags & 1) === 0) this.#socket.write(frame(TYPE.ping, 1, 0, payload));
    else if (type === TYPE.reset || type === TYPE.goaway) this.problem ||= `frame of type ${type} for stream ${id}`;
    // A second block of headers is the end of the stream, which no stream of ours should see.
    else if (type === TYPE.headers && (flags & 1) === 1)
      this.problem ||= `stream ${id} was ended: ${payload.toString('latin1')}`;
  }

  #data(id: number, payload: Buffer): void {
    const stream = this.#streams.get(id)!;
    stream.pending.push(payload);
    stream.pendingBytes += payload.length;
    // Not put together before it is whole: messages of megabytes come in frames of 16 KB.
    const [first] = stream.pending;
    if (first!.length >= 5 && stream.pendingBytes < 5 + first!.readUInt32BE(1)) return;
    let bytes = Buffer.concat(stream.pending);
    while (bytes.length >= 5) {
      const end = 5 + bytes.readUInt32BE(1);
      if (bytes.length < end) break;
      if (bytes[0] !== 0) this.problem ||= 'a compressed message that nobody asked for';
      stream.onMessage(bytes.subarray(5, end));
      bytes = bytes.subarray(end);
    }
    stream.pending = bytes.length === 0 ? [] : [bytes];
    stream.pendingBytes = bytes.length;
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
