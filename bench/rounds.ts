/**
 * Alternating rounds. Every round measures every peer once, odd rounds in reverse order (A B C, C B A, ...), so that a
 * machine that drifts does not favour anybody. A measurement with too much foreign CPU in it is taken again, at most
 * `retries` times; what is still not clean is dropped.
 */
import { type Summary, summarise, summariseRatios } from './statistics.ts';

/** What one measurement gave: figures by name, and the share of the two cores' time that went elsewhere, 0 to 1. */
export interface Measurement {
  readonly figures: Readonly<Record<string, number>>;
  readonly foreignShare: number;
}

export interface RoundOptions {
  readonly rounds: number;
  /** The largest share of foreign CPU in a clean measurement, 0 to 1. */
  readonly foreignShareMax: number;
  /** How often a measurement that is not clean is taken again. */
  readonly retries: number;
}

/** All that was measured of one peer. */
export interface PeerRounds {
  /** Clean measurements by round. */
  readonly clean: ReadonlyMap<number, Measurement['figures']>;
  /** The best of the others by round, for a peer that has no clean one at all. */
  readonly dirty: ReadonlyMap<number, Measurement['figures']>;
  /** How many measurements were dropped, repeated ones included. */
  readonly dropped: number;
  /** Why the peer left in mid-run; undefined while all is well. */
  readonly failure?: string;
}

/** The order of the peers in a round: forwards in even rounds, backwards in odd ones. */
export function orderOfRound<T>(peers: readonly T[], round: number): readonly T[] {
  return round % 2 === 0 ? peers : peers.toReversed();
}

/**
 * Runs all rounds. `measure` throws for a peer that fails: it then leaves the run and keeps what it has.
 */
export async function runRounds<T>(
  peers: readonly T[],
  options: RoundOptions,
  measure: (peer: T, round: number) => Promise<Measurement>,
): Promise<Map<T, PeerRounds>> {
  const results = new Map(
    peers.map((peer) => [
      peer,
      {
        clean: new Map<number, Measurement['figures']>(),
        dirty: new Map<number, Measurement['figures']>(),
        dropped: 0,
      },
    ]),
  );
  const failures = new Map<T, string>();
  for (let round = 0; round < options.rounds; round++) {
    for (const peer of orderOfRound(peers, round)) {
      if (failures.has(peer)) continue;
      const result = results.get(peer)!;
      try {
        const { best, dropped } = await measureUntilClean(options, () => measure(peer, round));
        const kind = best.foreignShare <= options.foreignShareMax ? result.clean : result.dirty;
        kind.set(round, best.figures);
        result.dropped += dropped;
      } catch (error) {
        failures.set(peer, (error as Error).message);
      }
    }
  }
  return new Map(
    peers.map((peer) => {
      const failure = failures.get(peer);
      return [peer, { ...results.get(peer)!, ...(failure === undefined ? {} : { failure }) }];
    }),
  );
}

async function measureUntilClean(
  options: RoundOptions,
  measure: () => Promise<Measurement>,
): Promise<{ best: Measurement; dropped: number }> {
  let best = await measure();
  let dropped = 0;
  while (best.foreignShare > options.foreignShareMax && dropped < options.retries) {
    const again = await measure();
    dropped++;
    if (again.foreignShare < best.foreignShare) best = again;
  }
  return { best, dropped: best.foreignShare > options.foreignShareMax ? dropped + 1 : dropped };
}

/** The rounds that count: the clean ones, or all when none is clean, which `trusted` then tells. */
export function countedRounds(rounds: PeerRounds): {
  readonly figures: ReadonlyMap<number, Measurement['figures']>;
  readonly trusted: boolean;
} {
  return rounds.clean.size > 0 ? { figures: rounds.clean, trusted: true } : { figures: rounds.dirty, trusted: false };
}

/** Summary of each figure over the rounds. */
export function summariseFigures(
  rounds: ReadonlyMap<number, Measurement['figures']>,
): Readonly<Record<string, Summary>> {
  return fromNames(rounds, (name) => summarise([...rounds.values()].map((figures) => figures[name] ?? Number.NaN)));
}

/** Summary of each figure as a ratio to another peer's, within rounds. */
export function summariseFigureRatios(
  ours: ReadonlyMap<number, Measurement['figures']>,
  theirs: ReadonlyMap<number, Measurement['figures']>,
): Readonly<Record<string, Summary>> {
  return fromNames(ours, (name) => summariseRatios(column(ours, name), column(theirs, name)));
}

function fromNames(
  rounds: ReadonlyMap<number, Measurement['figures']>,
  summary: (name: string) => Summary | undefined,
): Readonly<Record<string, Summary>> {
  const names = new Set([...rounds.values()].flatMap((figures) => Object.keys(figures)));
  const entries = [...names].map((name) => [name, summary(name)] as const);
  return Object.fromEntries(entries.filter((entry): entry is [string, Summary] => entry[1] !== undefined));
}

function column(rounds: ReadonlyMap<number, Measurement['figures']>, name: string): Map<number, number> {
  const values = [...rounds].map(([round, figures]) => [round, figures[name] ?? Number.NaN] as const);
  return new Map(values.filter(([, value]) => Number.isFinite(value)));
}
