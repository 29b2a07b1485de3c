/**
 * The ServiceAccounts of a Kubernetes cluster: its public keys, fetched from the API server at the start, every five minutes,
 * and when somebody shows a token of a key that is not known yet. The last ones stay while it cannot be reached.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import { err, type Result } from '../../kernel/result.ts';
import type { Timer, Timers } from '../../kernel/timers.ts';
import {
  type ClusterKeys,
  keyIdOf,
  keysOfSet,
  readServiceAccountToken,
  type ServiceAccountIdentity,
} from './service-account-tokens.ts';

/** Of which cluster, and for whom tokens have to be. */
export interface ServiceAccountSettings {
  readonly audience: string;
  /** https://10.96.0.1:443 */
  readonly api: string;
  /** A folder with `token` and `ca.crt`, as pods have it; absolute. */
  readonly credentials: string;
}

/** What it needs. */
export interface ServiceAccountDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
}

const REFRESH_MS = 300_000;
/** After a failure, and between two looks for a key that is not known: whoever makes up key ids causes no more. */
const AGAIN_MS = 5_000;
const TIMEOUT_MS = 5_000;

/** See the head of this file. */
export class ServiceAccounts {
  readonly #settings: ServiceAccountSettings;
  readonly #deps: ServiceAccountDeps;
  #known: ClusterKeys | null = null;
  #timer: Timer | null = null;
  #fetchedMs = Number.NEGATIVE_INFINITY;
  #fetching = false;
  #closed = false;
  /** For metrics. */
  loads = 0;
  failures = 0;

  constructor(settings: ServiceAccountSettings, deps: ServiceAccountDeps) {
    this.#settings = settings;
    this.#deps = deps;
    void this.#fetch();
  }

  /** Keys that are known. */
  get size(): number {
    return this.#known?.keys.size ?? 0;
  }

  /** Whose the token is, or why it does not count. */
  read(token: string): Result<ServiceAccountIdentity, string> {
    const { clock } = this.#deps;
    const known = this.#known;
    const isNew = known?.keys.has(keyIdOf(token) ?? '') !== true;
    if (isNew && clock.nowMs() - this.#fetchedMs >= AGAIN_MS) void this.#fetch();
    if (known === null) return err('the keys of the cluster are not known yet; try again');
    return readServiceAccountToken(token, this.#settings.audience, known, clock.wallMs());
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  async #fetch(): Promise<void> {
    if (this.#fetching || this.#closed) return;
    this.#fetching = true;
    this.#timer?.cancel();
    const { clock, timers, logger } = this.#deps;
    this.#fetchedMs = clock.nowMs();
    let again = REFRESH_MS;
    try {
      this.#known = await clusterKeys(this.#settings);
      this.loads++;
    } catch (error) {
      this.failures++;
      again = AGAIN_MS;
      logger.warn(
        { api: this.#settings.api, problem: (error as Error).message },
        'the keys of the cluster are not to be had',
      );
    }
    this.#fetching = false;
    if (!this.#closed) this.#timer = timers.after(again, () => void this.#fetch());
  }
}

async function clusterKeys({ api, credentials }: ServiceAccountSettings): Promise<ClusterKeys> {
  const file = (name: string) => readFileSync(join(credentials, name), 'utf8');
  // Both are exchanged from time to time.
  const dispatcher = new Agent({ connect: { ca: file('ca.crt'), timeout: TIMEOUT_MS } });
  const authorization = `Bearer ${file('token').trim()}`;
  const get = async (path: string): Promise<unknown> => {
    const times = { headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS };
    const { statusCode, body } = await request(`${api}${path}`, { dispatcher, headers: { authorization }, ...times });
    if (statusCode === 200) return body.json();
    await body.dump();
    throw new Error(`${path} answered ${statusCode}`);
  };
  try {
    const { issuer } = (await get('/.well-known/openid-configuration')) as { readonly issuer?: unknown };
    const keys = keysOfSet(await get('/openid/v1/jwks'));
    if (typeof issuer !== 'string' || keys.size === 0) throw new Error('it has no issuer, or no keys');
    return { issuer, keys };
  } finally {
    await dispatcher.close();
  }
}
