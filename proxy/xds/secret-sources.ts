/** The secrets that do not come with the rest: one stream for each source that is named. */
import type { SecretConfig } from '../config/model/secret.ts';
import { type SecretReference, secretKey, sourceKey } from '../config/model/secret-reference.ts';
import type { Secrets } from '../config/resolve-tls.ts';
import { openSecretStream, type SecretStream, type SecretStreamDeps, type StreamedSource } from './secret-stream.ts';

interface Open {
  readonly source: StreamedSource;
  readonly stream: SecretStream;
}

/** See the head of this file. */
export class SecretSources {
  readonly #deps: SecretStreamDeps;
  readonly #onChange: () => void;
  readonly #open = new Map<string, Open>();

  /** `onChange` is called when there is something new. */
  constructor(deps: SecretStreamDeps, onChange: () => void) {
    this.#deps = deps;
    this.#onChange = onChange;
  }

  /** Asks for exactly these from now on; those of other kinds of sources are passed over. */
  want(references: readonly SecretReference[]): void {
    const wanted = new Map<string, Set<string>>();
    for (const { name, source } of references) {
      if (source.kind !== 'grpc') continue;
      const key = sourceKey(source);
      const names = wanted.get(key) ?? new Set();
      wanted.set(key, names.add(name));
      if (!this.#open.has(key)) this.#start(key, source);
    }
    for (const [key, { stream }] of this.#open) {
      const names = wanted.get(key);
      if (names !== undefined) stream.want(names);
      else {
        this.#open.delete(key);
        void stream.close();
      }
    }
  }

  /** By key. */
  known(): Secrets {
    const all = new Map<string, SecretConfig>();
    for (const { source, stream } of this.#open.values()) {
      for (const [name, secret] of stream.secrets()) all.set(secretKey(source, name), secret);
    }
    return all;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map(({ stream }) => stream.close()));
  }

  #start(key: string, source: StreamedSource): void {
    try {
      this.#open.set(key, { source, stream: openSecretStream(source, this.#deps, this.#onChange) });
    } catch (error) {
      this.#deps.logger.error({ cluster: source.clusterName }, error instanceof Error ? error.message : String(error));
    }
  }
}
