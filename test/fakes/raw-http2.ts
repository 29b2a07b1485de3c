/**
 * An HTTP/2 client without manners: it writes the frames it is told to and keeps what comes back. Nothing is sent that
 * the test did not ask for but the preface with empty SETTINGS, and the acknowledgement of the peer's SETTINGS.
 */
import { connect, type Socket } from 'node:net';
import { HpackDecoder } from '../../proxy/http2/hpack/decoder.ts';
import { FieldTable } from '../../proxy/http2/hpack/field-table.ts';
import { ERROR_NAMES, type FieldLine, FLAG, FRAME, PREFACE, settings, settingsAck } from './http2-frames.ts';

const PATIENCE_MS = 10_000;
/** Later frames are counted only: a flood may be answered by another one. */
const FRAMES_KEPT = 20_000;
const HEADER_BYTES = 9;

/** A frame that came. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** How a connection begins. */
export interface RawHttp2Options {
  /** Sent first. Default: the preface and empty SETTINGS. */
  readonly opening?: Buffer;
  /** False: the peer's SETTINGS stay without an answer. */
  readonly acknowledge?: boolean;
  /** False: payloads of DATA frames are dropped as they come. */
  readonly keepData?: boolean;
}

/** See the head of this file. */
export class RawHttp2 {
  readonly socket: Socket;
  /** What came, up to 20,000 frames. */
  readonly frames: Frame[] = [];
  /** How many frames came, by type. */
  readonly counts: number[] = new Array<number>(256).fill(0);
  /** The peer has ended its side, or the connection is gone. */
  ended = false;
  closed = false;
  /** It was reset rather than ended. */
  reset = false;
  /** Bytes that came in DATA frames. */
  dataBytes = 0;
  readonly #options: RawHttp2Options;
  readonly #decoder = new HpackDecoder(new FieldTable());
  #chunks: Buffer[] = [];
  #waiting: (() => void)[] = [];

  /** To a port of this machine. */
  static connect(port: number, options: RawHttp2Options = {}): RawHttp2 {
    return new RawHttp2(connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true }), options);
  }

  constructor(socket: Socket, options: RawHttp2Options = {}) {
    this.socket = socket;
    this.#options = options;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('end', () => {
      this.ended = true;
      this.#changed();
    });
    socket.on('error', () => {
      this.reset = true;
    });
    socket.on('close', () => {
      this.ended = true;
      this.closed = true;
      this.#changed();
    });
    this.send(options.opening ?? Buffer.concat([PREFACE, settings()]));
  }

  /** The peer's last GOAWAY: its error's name, and the last stream that it has looked at. */
  get goaway(): { readonly error: string; readonly lastStream: number } | undefined {
    const last = this.frames.findLast((frame) => frame.type === FRAME.goaway);
    if (last === undefined) return undefined;
    return { error: errorName(last.payload.readUInt32BE(4)), lastStream: last.payload.readUInt32BE(0) % 2 ** 31 };
  }

  /** How many streams the peer has reset, by the error's name; of those frames that were kept. */
  get resets(): Map<string, number> {
    const resets = new Map<string, number>();
    for (const { type, payload } of this.frames) {
      if (type !== FRAME.rstStream) continue;
      const name = errorName(payload.readUInt32BE(0));
      resets.set(name, (resets.get(name) ?? 0) + 1);
    }
    return resets;
  }

  send(...frames: readonly Buffer[]): this {
    if (!this.closed && !this.socket.writableEnded)
      this.socket.write(frames.length === 1 ? frames[0]! : Buffer.concat(frames));
    return this;
  }

  /** Sends, and waits while more than the operating system takes is waiting. False when nobody takes it in that time. */
  async push(bytes: Buffer, patienceMs: number): Promise<boolean> {
    if (this.ended || !this.socket.writable) return false;
    if (this.socket.write(bytes)) return true;
    await this.#until(() => this.ended || !this.socket.writableNeedDrain, performance.now() + patienceMs, this.socket);
    return !this.ended && !this.socket.writableNeedDrain;
  }

  /** Reads nothing from now on, so that what the peer sends piles up. */
  stopReading(): this {
    this.socket.pause();
    return this;
  }

  resumeReading(): this {
    this.socket.resume();
    return this;
  }

  /** The first frame kept that matches, once there is one. Rejects after ten seconds, or when none can come any more. */
  async waitFor(match: (frame: Frame) => boolean, what: string, patienceMs = PATIENCE_MS): Promise<Frame> {
    let found: Frame | undefined;
    let looked = 0;
    const look = () => {
      for (; found === undefined && looked < this.frames.length; looked++) {
        if (match(this.frames[looked]!)) found = this.frames[looked];
      }
      return found !== undefined || this.ended;
    };
    await this.#until(look, performance.now() + patienceMs);
    if (found === undefined) throw new Error(`waited for ${what} in vain; ${this.summary()}`);
    return found;
  }

  /** Waits until it holds, looking whenever something has come, or until the time is over. */
  async until(reached: () => boolean, patienceMs = PATIENCE_MS): Promise<void> {
    await this.#until(() => reached() || this.ended, performance.now() + patienceMs);
  }

  /** Waits until the peer has ended its side. False when it has not in that time. */
  async untilEnded(patienceMs = PATIENCE_MS): Promise<boolean> {
    await this.#until(() => this.ended, performance.now() + patienceMs);
    return this.ended;
  }

  /**
   * The field lines of a header block that came. Blocks have to be read in the order in which they came, and all of
   * them: the table goes with the connection. Throws when it is no HPACK.
   */
  readFields(block: Buffer): FieldLine[] {
    if (this.#decoder.decode(block, 0, block.length, 2 ** 24, 10_000) !== 0)
      throw new Error('a block that is no HPACK');
    return this.#decoder.fields.slice(0, this.#decoder.count).map(({ name, value }) => [name, value]);
  }

  /** What came, in a line. */
  summary(): string {
    const counts = Object.entries(FRAME).flatMap(([name, type]) =>
      this.counts[type]! > 0 ? [`${this.counts[type]} ${name}`] : [],
    );
    const resets = Array.from(this.resets, ([name, count]) => `${count} ${name}`).join(', ');
    const parts = [
      this.goaway === undefined ? 'no GOAWAY' : `GOAWAY ${this.goaway.error}`,
      this.reset ? 'reset' : this.ended ? 'ended' : 'open',
      `came: ${counts.join(', ') || 'nothing'}`,
      ...(resets === '' ? [] : [`streams reset: ${resets}`]),
    ];
    return parts.join('; ');
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Frames are cut from the chunks as they come; a rest stays for the next one. */
  #take(chunk: Buffer): void {
    const bytes = this.#chunks.length === 0 ? chunk : Buffer.concat([...this.#chunks, chunk]);
    let at = 0;
    while (bytes.length - at >= HEADER_BYTES) {
      const end = at + HEADER_BYTES + bytes.readUIntBE(at, 3);
      if (end > bytes.length) break;
      this.#took({
        type: bytes[at + 3]!,
        flags: bytes[at + 4]!,
        stream: bytes.readUInt32BE(at + 5) % 2 ** 31,
        payload: bytes.subarray(at + HEADER_BYTES, end),
      });
      at = end;
    }
    this.#chunks = at < bytes.length ? [bytes.subarray(at)] : [];
    this.#changed();
  }

  #took(frame: Frame): void {
    const isData = frame.type === FRAME.data;
    this.counts[frame.type]!++;
    if (isData) this.dataBytes += frame.payload.length;
    const isSettings = frame.type === FRAME.settings && (frame.flags & FLAG.ack) === 0;
    if (isSettings && this.#options.acknowledge !== false) this.send(settingsAck());
    if (isData && this.#options.keepData === false) return;
    // The last words count whatever came before.
    if (this.frames.length < FRAMES_KEPT || frame.type === FRAME.goaway) this.frames.push(frame);
  }

  /** Looks whenever something has come, until it holds or the time is over. */
  async #until(reached: () => boolean, deadlineMs: number, draining?: Socket): Promise<void> {
    while (!reached()) {
      const left = deadlineMs - performance.now();
      if (left <= 0) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        const wake = () => {
          clearTimeout(timer);
          draining?.off('drain', wake);
          resolve();
        };
        this.#waiting.push(wake);
        draining?.once('drain', wake);
      });
    }
  }

  #changed(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

function errorName(code: number): string {
  return ERROR_NAMES[code] ?? `error ${code}`;
}
