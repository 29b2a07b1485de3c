/** A TCP client that sends what it is told and keeps what it gets, as latin1 text. */
import { connect, type Socket } from 'node:net';
import { type Messages, type ResponseMessage, readResponses } from './http-text.ts';

const PATIENCE_MS = 10_000;

export class RawClient {
  readonly socket: Socket;
  /** The peer has ended its side, or the connection is gone. */
  ended = false;
  closed = false;
  /** It was reset rather than ended. */
  reset = false;
  /** Methods of the requests sent, for readers of answers to HEAD. */
  methods: string[] = [];
  readonly #chunks: Buffer[] = [];
  #text = '';
  #waiting: (() => void)[] = [];

  /** Over TCP, to a port of this machine. */
  static connect(port: number): RawClient {
    return new RawClient(connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true }));
  }

  constructor(socket: Socket) {
    this.socket = socket;
    this.socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#changed();
    });
    this.socket.on('end', () => {
      this.ended = true;
      this.#changed();
    });
    this.socket.on('error', () => {
      this.reset = true;
    });
    this.socket.on('close', () => {
      this.ended = true;
      this.closed = true;
      this.#changed();
    });
  }

  /** Everything that came. */
  get text(): string {
    if (this.#chunks.length > 0) this.#text += Buffer.concat(this.#chunks.splice(0)).toString('latin1');
    return this.#text;
  }

  get responses(): Messages<ResponseMessage> {
    return readResponses(this.text, { methods: this.methods, closed: this.ended && !this.reset });
  }

  /** Final answers, interim ones left out. */
  get answers(): readonly ResponseMessage[] {
    return this.responses.messages.filter((each) => each.status >= 200);
  }

  send(text: string | Buffer): this {
    this.socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
    return this;
  }

  /** Sends a request without a body and waits for its answer. */
  async get(path: string, fields = ''): Promise<ResponseMessage> {
    const before = this.answers.length;
    this.send(`GET ${path} HTTP/1.1\r\nHost: a.test\r\n${fields}\r\n`);
    return (await this.answered(before + 1))[before]!;
  }

  /** Waits for that many final answers. Rejects when the connection ends before. */
  async answered(count: number): Promise<readonly ResponseMessage[]> {
    await this.until(() => this.answers.length >= count || this.ended, `${count} answers`);
    const { answers } = this;
    if (answers.length < count) {
      throw new Error(`the connection ended behind ${answers.length} of ${count} answers: ${tail(this.text)}`);
    }
    return answers;
  }

  /** Waits for the peer's end. */
  async end(): Promise<void> {
    await this.until(() => this.ended, 'the end of the connection');
  }

  /** Waits until `reached` holds, looking whenever something has come. */
  async until(reached: () => boolean, what: string): Promise<void> {
    const deadline = AbortSignal.timeout(PATIENCE_MS);
    while (!reached()) {
      await new Promise<void>((resolve, reject) => {
        deadline.onabort = () => reject(new Error(`waited for ${what} in vain; came: ${tail(this.text)}`));
        this.#waiting.push(resolve);
      });
    }
    deadline.onabort = null;
  }

  /** Ends this side. */
  finish(): void {
    this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }

  #changed(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

function tail(text: string): string {
  return JSON.stringify(text.slice(-400));
}
