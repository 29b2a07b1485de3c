/**
 * Writes the registry's table to etcd: the last one given, one write at a time, and not too often, because every version
 * of it stays in etcd until it is compacted. What is lost when we die is what the sidecars tell again when they come back.
 */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Logger } from '../../../kernel/log.ts';
import type { Timers } from '../../../kernel/timers.ts';
import type { RequestOp } from '../../../protos/gen/etcd/rpc.ts';
import { BYTES_MAX } from './edits.ts';
import type { Keys } from './keys.ts';
import { put } from './requests.ts';

/** Between two writes. */
const PAUSE_MS = 200;

const compress = promisify(gzip);

/** See the head of this file. */
export class RegistryWriter {
  readonly #write: (ops: RequestOp[]) => Promise<void>;
  readonly #keys: Keys;
  readonly #deps: { readonly timers: Timers; readonly logger: Logger };
  #waiting: string | null = null;
  #work: Promise<void> | null = null;

  /** `write` rejects when it did not work. */
  constructor(
    write: (ops: RequestOp[]) => Promise<void>,
    keys: Keys,
    deps: { readonly timers: Timers; readonly logger: Logger },
  ) {
    this.#write = write;
    this.#keys = keys;
    this.#deps = deps;
  }

  save(json: string): void {
    this.#waiting = json;
    this.#work ??= this.#run();
  }

  /** What is not written yet is not written any more. */
  forget(): void {
    this.#waiting = null;
  }

  /** Resolves when what was given is written, or cannot be. */
  async close(): Promise<void> {
    await this.#work;
  }

  async #run(): Promise<void> {
    while (this.#waiting !== null) {
      const json = this.#waiting;
      this.#waiting = null;
      await this.#save(json);
      if (this.#waiting !== null) await new Promise<void>((resolve) => void this.#deps.timers.after(PAUSE_MS, resolve));
    }
    this.#work = null;
  }

  async #save(json: string): Promise<void> {
    try {
      const value = await compress(json);
      if (value.length > BYTES_MAX)
        throw new Error(`it takes ${value.length} bytes, at most ${BYTES_MAX} go into a key`);
      await this.#write([put(this.#keys.of({ kind: 'registry' }), value)]);
    } catch (err) {
      this.#deps.logger.warn({ err }, 'the registry is not saved');
    }
  }
}
