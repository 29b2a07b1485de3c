/** Drives `go/`, a client of gRPC's Go library that resolves by xDS: one line is an order, the next one its answer. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { goPeerPath } from '../http2/go-peers.ts';
import { mortal } from '../http2/mortal.ts';

/** How often each answer came, or each status code. */
export type Outcomes = Readonly<Record<string, number>>;

/** The program, running. Orders are given one after the other. */
export class GoClient {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: Interface;
  /** What it has complained about. */
  output = '';

  /** `bootstrap` is what `outrider grpc-bootstrap` prints; it is kept in `file`. */
  constructor(bootstrap: object, file: string) {
    writeFileSync(file, JSON.stringify(bootstrap));
    const env = { ...process.env, GRPC_XDS_BOOTSTRAP: file, GRPC_GO_LOG_SEVERITY_LEVEL: 'error' };
    this.#child = spawn(...mortal(goPeerPath('grpc-go-client'), []), { env, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.stderr.on('data', (data: Buffer) => (this.output += data.toString()));
    this.#lines = createInterface(this.#child.stdout);
  }

  /** Calls that often, one after the other; `metadata` goes with each. */
  async call(count: number, target: string, method: string, metadata: Outcomes | object = {}): Promise<Outcomes> {
    const fields = Object.entries(metadata).map(([name, value]) => `${name}=${value}`);
    return (await this.#order(['call', count, target, method, ...fields].join(' '))) as Outcomes;
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'close');
    this.#child.stdin.end();
    await ended;
  }

  async #order(line: string): Promise<object> {
    const answer = once(this.#lines, 'line');
    this.#child.stdin.write(`${line}\n`);
    const found = JSON.parse((await answer)[0] as string) as object;
    if ('error' in found) throw new Error(String(found.error));
    return found;
  }
}
