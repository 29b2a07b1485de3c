/** Results of benches: their shape in a file, and how they are shown. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { ROOT } from './paths.ts';
import { countedRounds, type PeerRounds, summariseFigureRatios, summariseFigures } from './rounds.ts';
import type { Summary } from './statistics.ts';
import { renderTable } from './table.ts';
import { TARGETS, type Target } from './targets.ts';

/** A figure of a bench: what its column is called and whether a growth of its ratio is judged by `compare`. */
export interface Metric {
  /** Key of the figure. */
  readonly key: string;
  /** Column title with the unit. */
  readonly title: string;
  readonly digits: number;
  /** True for a cost: less is better, and `compare` fails when it grew. False for what is only shown. */
  readonly judged: boolean;
  /** True to show minimum and maximum, too. */
  readonly spread?: boolean;
}

/** One peer's part of a result. */
export interface PeerResult {
  readonly version: string;
  readonly figures: Readonly<Record<string, Summary>>;
  /** Clean rounds of those asked for, and measurements dropped for foreign CPU. */
  readonly roundsClean: number;
  readonly dropped: number;
  /** False when no round was clean: its figures are from dirty ones and must not be quoted. */
  readonly trusted: boolean;
  /** Why it left in mid-run. */
  readonly failure?: string;
}

/** One bench run. */
export interface Result {
  /** Bench and options that make figures comparable, such as `http1 features=on request=small connections=64`. */
  readonly key: string;
  readonly measuredAt: string;
  readonly machine: string;
  readonly rounds: number;
  /** What all peers were asked to do. */
  readonly features: readonly string[];
  readonly metrics: readonly Metric[];
  readonly peers: Readonly<Record<string, PeerResult>>;
  /** Peers that could not take part, and why. */
  readonly missing: Readonly<Record<string, string>>;
  /** By reference peer, then peer, then figure: `ours / theirs` within rounds. */
  readonly ratios: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, Summary>>>>>>;
}

/** A result file: newest result per key. */
export interface ResultFile {
  readonly results: readonly Result[];
}

/** The peers that ratios are given to, unless a bench names others. */
export const REFERENCES: readonly string[] = ['haproxy', 'envoy'];

/** What buildResult makes a result from. */
export interface ResultInput {
  readonly key: string;
  readonly rounds: number;
  readonly features: readonly string[];
  readonly metrics: readonly Metric[];
  readonly missing: Readonly<Record<string, string>>;
  /** By peer name. */
  readonly versions: Readonly<Record<string, string>>;
  /** The peers that ratios are given to, when they are not REFERENCES. */
  readonly references?: readonly string[];
  /** By peer name, in the order of the table. */
  readonly measured: ReadonlyMap<string, PeerRounds>;
}

/** Summarises the rounds. A peer without any measurement is moved to the missing ones. */
export function buildResult(input: ResultInput, measuredAt: string): Result {
  const peers: Record<string, PeerResult> = {};
  const missing: Record<string, string> = { ...input.missing };
  const ratios: Record<string, Record<string, Record<string, Summary>>> = {};
  const counted = new Map([...input.measured].map(([name, rounds]) => [name, countedRounds(rounds)]));
  for (const [name, rounds] of input.measured) {
    const { figures, trusted } = counted.get(name)!;
    if (figures.size === 0) {
      missing[name] = rounds.failure ?? 'it was not measured';
      continue;
    }
    peers[name] = {
      version: input.versions[name] ?? 'unknown',
      figures: summariseFigures(figures),
      roundsClean: rounds.clean.size,
      dropped: rounds.dropped,
      trusted,
      ...(rounds.failure === undefined ? {} : { failure: rounds.failure }),
    };
    for (const reference of input.references ?? REFERENCES) {
      const theirs = counted.get(reference);
      if (theirs === undefined || theirs.figures.size === 0) continue;
      ratios[reference] ??= {};
      ratios[reference][name] = summariseFigureRatios(figures, theirs.figures);
    }
  }
  // A result file may be committed: it must not tell where the repository lies.
  for (const [name, why] of Object.entries(missing)) missing[name] = why.replaceAll(ROOT, '.');
  const { key, rounds, features, metrics } = input;
  return { key, measuredAt, machine: machineName(), rounds, features, metrics, peers, missing, ratios };
}

/** The result for a terminal: features, table, and a line for everything that a reader must know. */
export function renderResult(result: Result): string {
  const references = Object.keys(result.ratios);
  const head = [
    'peer',
    ...result.metrics.map((metric) => metric.title),
    ...references.map((name) => `x ${name}`),
    'clean rounds',
  ];
  const rows = Object.entries(result.peers).map(([name, peer]) => [
    peer.trusted ? name : `${name} (!)`,
    ...result.metrics.map((metric) => renderSummary(peer.figures[metric.key], metric.digits, metric.spread === true)),
    ...references.map((reference) => renderSummary(firstRatio(result, reference, name), 2, true)),
    `${peer.roundsClean}/${result.rounds}`,
  ]);
  const first = result.metrics[0]?.title ?? '';
  return [
    `${result.key}, ${result.rounds} rounds, ${result.machine}`,
    ...(result.features.length > 0 ? [`features: ${result.features.join('; ')}`] : []),
    renderTable(head, rows),
    ...(references.length > 0 ? [`ratios are of "${first}", within rounds; figures are median (min-max)`] : []),
    ...targetLines(result),
    ...notes(result),
  ].join('\n');
}

/** `14.8` or `14.8 (14.5-15.2)`; a dash without a value. */
export function renderSummary(summary: Summary | undefined, digits: number, spread: boolean): string {
  if (summary === undefined) return '-';
  const { median, min, max } = summary;
  if (!spread) return median.toFixed(digits);
  return `${median.toFixed(digits)} (${min.toFixed(digits)}-${max.toFixed(digits)})`;
}

/** Reads a result file. Throws with the file's name when it is not one. */
export function readResults(path: string): ResultFile {
  const file = JSON.parse(readFileSync(path, 'utf8')) as Partial<ResultFile>;
  if (!Array.isArray(file.results)) throw new Error(`${path} is not a result file: it has no list "results"`);
  return { results: file.results };
}

/** Writes a result into a file; it replaces the one of the same key and leaves the others. */
export function writeResult(path: string, result: Result): void {
  const before = existsSync(path) ? readResults(path).results : [];
  const results = [...before.filter((each) => each.key !== result.key), result];
  writeFileSync(path, `${JSON.stringify({ results }, undefined, 2)}\n`);
}

function firstRatio(result: Result, reference: string, name: string): Summary | undefined {
  const key = result.metrics[0]?.key;
  return key === undefined ? undefined : result.ratios[reference]?.[name]?.[key];
}

/** A line for every target of this bench whose peers took part. */
function targetLines(result: Result): string[] {
  return TARGETS.filter(({ bench }) => result.key.startsWith(bench)).flatMap((target) => {
    const ratio = firstRatio(result, target.reference, target.peer);
    return ratio === undefined ? [] : [renderTarget(target, ratio)];
  });
}

/** Judged by the median, as everything is. */
function renderTarget({ peer, reference, atMost }: Target, ratio: Summary): string {
  const verdict = ratio.median <= atMost ? 'met' : 'MISSED';
  return `target: ${peer} at most ${atMost} x ${reference}: ${renderSummary(ratio, 2, true)}, ${verdict}`;
}

function notes(result: Result): string[] {
  const peers = Object.entries(result.peers);
  const dropped = peers.reduce((sum, [, peer]) => sum + peer.dropped, 0);
  const untrusted = peers.filter(([, peer]) => !peer.trusted).map(([name]) => name);
  return [
    ...(dropped > 0 ? [`dropped ${dropped} measurements for foreign CPU on the two cores`] : []),
    ...(untrusted.length > 0 ? [`(!) no clean round, do not quote: ${untrusted.join(', ')}`] : []),
    ...peers.flatMap(([name, peer]) =>
      peer.failure === undefined ? [] : [`left in mid-run: ${name}: ${peer.failure}`],
    ),
    ...Object.entries(result.missing).map(([name, why]) => `missing: ${name}: ${why}`),
  ];
}

function machineName(): string {
  const cores = cpus();
  return `${cores.length} x ${cores[0]?.model.trim() ?? 'unknown CPU'}`;
}
