/**
 * One file of resources of one kind: read at the start and whenever something is renamed where it is, or where a file is
 * that it names. What is good of it is taken, what is not is refused and logged; what was there before goes on in its place.
 */
import { dirname } from 'node:path';
import type { Clock } from '../../../kernel/clock.ts';
import type { ResourceType } from '../../../protos/contract/resource-types.ts';
import type { AnyMessage } from '../../../protos/json/registry.ts';
import type { TextResult } from '../../config/decode/decoding.ts';
import type { FileSource } from '../../config/model/file-source.ts';
import type { Decoded } from '../decoders.ts';
import { ResourceSet } from '../resource-set.ts';
import type { XdsTypeStats } from '../xds-stats.ts';
import { DirectoryWatch, type WatchDeps } from './directory-watch.ts';
import { inlineFiles } from './inline-files.ts';
import { readResponse } from './read-response.ts';

/** What it needs. */
export interface ResourceFileDeps extends WatchDeps {
  readonly clock: Clock;
  readonly readFile: (path: string) => TextResult;
}

/** See the head of this file. */
export class ResourceFile<T> {
  readonly source: FileSource;
  readonly set: ResourceSet<T>;
  /** It was read once, be it with nothing good in it. */
  answered = false;
  readonly #deps: ResourceFileDeps;
  readonly #stats: XdsTypeStats;
  readonly #onChange: () => void;
  readonly #watches = new Map<string, DirectoryWatch>();
  /** What was read last: an equal file is the same one. */
  #last = '';
  #reading: Promise<void> = Promise.resolve();
  #closed = false;

  /** `onChange` is called when there is something new. */
  constructor(
    source: FileSource,
    type: ResourceType,
    decode: (message: unknown) => Decoded<T>,
    deps: ResourceFileDeps & { readonly stats: XdsTypeStats; readonly onChange: () => void },
  ) {
    this.source = source;
    this.set = new ResourceSet(type, decode);
    this.#deps = deps;
    this.#stats = deps.stats;
    this.#onChange = deps.onChange;
    this.#watch([]);
    this.#again();
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const each of this.#watches.values()) each.close();
    this.#watches.clear();
    await this.#reading;
  }

  #again(): void {
    this.#reading = this.#reading.then(() => (this.#closed ? undefined : this.#read()));
  }

  async #read(): Promise<void> {
    const { path } = this.source;
    const file = this.#deps.readFile(path);
    const response = file.ok ? await readResponse(file.text) : { ok: false as const, error: file.problem };
    if (this.#closed) return;
    if (!response.ok) {
      this.#refuse(response.error);
      return;
    }
    const { versionInfo: version, resources } = response.value;
    const inlined = resources.map((each) => this.#inline(each));
    const content = JSON.stringify([version, inlined.map(({ any }) => [any.typeUrl, any.value.toString('latin1')])]);
    this.#watch(inlined.flatMap(({ paths }) => paths));
    if (content === this.#last) return;
    this.#last = content;
    this.#stats.updateAttempt++;
    const incoming = inlined.map(({ any }) => ({ name: '', version, any, ttlMs: null }));
    const update = { resources: incoming, complete: this.set.type.completeSet, version, removed: [] };
    const { rejection, changed } = this.set.apply(update, this.#deps.clock.wallMs());
    if (rejection === null) {
      this.#stats.updateSuccess++;
      this.#stats.version = version;
      this.#deps.logger.info({ path, version }, 'file taken in');
    } else this.#refused(rejection);
    const isFirst = !this.answered;
    this.answered = true;
    if (changed || isFirst) this.#onChange();
  }

  #inline(any: AnyMessage) {
    try {
      return inlineFiles(any, this.#deps.readFile);
    } catch {
      return { any, paths: [] };
    }
  }

  #refuse(why: string): void {
    if (why === this.#last) return;
    this.#last = why;
    this.#stats.updateAttempt++;
    this.#refused(why);
  }

  #refused(why: string): void {
    this.#stats.updateRejected++;
    this.#deps.logger.warn({ path: this.source.path, why }, 'file refused: what was there before goes on');
  }

  /** The directories of what is named, and that which the configuration says or the file's own. */
  #watch(named: readonly string[]): void {
    const { path, watchedDirectory } = this.source;
    const wanted = new Set([watchedDirectory ?? dirname(path), ...named.map((each) => dirname(each))]);
    for (const [directory, each] of this.#watches) {
      if (wanted.has(directory)) continue;
      each.close();
      this.#watches.delete(directory);
    }
    for (const directory of wanted) {
      if (!this.#watches.has(directory))
        this.#watches.set(directory, new DirectoryWatch(directory, () => this.#again(), this.#deps));
    }
  }
}
