/**
 * Waits until every workload has the replicas it should have, and says what it is waiting for.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, UnreachableError } from '../api-client.ts';
import type { ServiceView } from '../api-types.ts';
import { CliError } from '../errors.ts';

const POLL_MS = 200;
/** For all sidecars to know all instances. One that refuses its configuration is told of elsewhere. */
const SETTLED_SECONDS = 5;

/** What to wait for and how long. */
export interface WaitOptions {
  /** Names of services, as GET /v1/services has them. */
  readonly services: readonly string[];
  readonly timeoutMs: number;
  /** Where the output of the workloads and their sidecars is found. */
  readonly logDir: string;
  readonly say: (text: string) => void;
  /** Aborts the wait, which then returns. */
  readonly signal: AbortSignal;
}

/** Returns when all are ready or `signal` is aborted; a CliError that names the missing ones when time is up. */
export async function waitUntilReady(client: Client, options: WaitOptions): Promise<void> {
  const endsAtMs = performance.now() + options.timeoutMs;
  let said = '';
  while (!options.signal.aborted) {
    const missing = await missingOf(client, options.services);
    if (missing.length === 0) {
      // That they are ready is known here first, and a moment later by those who call them.
      await client.settled(SETTLED_SECONDS).catch(() => {});
      return;
    }
    const text = `waiting for ${missing.join(', ')}`;
    if (text !== said) options.say(text);
    said = text;
    if (performance.now() > endsAtMs) {
      const where = `their output is in ${options.logDir}`;
      throw new CliError(`not ready after ${options.timeoutMs / 1000} s: ${missing.join(', ')}; ${where}`);
    }
    await sleep(POLL_MS, undefined, { signal: options.signal }).catch(() => {});
  }
}

/** Each service that is not ready as `name (ready of desired)`. */
export function notReady(services: readonly ServiceView[], names: readonly string[]): string[] {
  const byName = new Map(services.map((service) => [service.name, service]));
  return names.flatMap((name) => {
    const { ready, desired } = byName.get(name)?.replicas ?? { ready: 0, desired: 1 };
    return ready >= desired ? [] : [`${name} (${ready} of ${desired})`];
  });
}

async function missingOf(client: Client, names: readonly string[]): Promise<string[]> {
  try {
    return notReady(await client.services(), names);
  } catch (error) {
    // It may be about to be started again.
    if (error instanceof UnreachableError) return ['the control plane'];
    throw error;
  }
}
