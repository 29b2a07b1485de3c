/** Finds the micro-benchmarks of this folder, runs them and makes a result of the same shape as the benches against peers. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildResult, type Metric, type Result } from '../results.ts';
import { runRounds } from '../rounds.ts';
import { calibrate, type MicroBenchmark, sample } from './runner.ts';

const METRICS: readonly Metric[] = [{ key: 'nsPerOperation', title: 'ns/op', digits: 1, judged: true, spread: true }];

/** Every benchmark whose name contains `part`. Throws when there is none, and names those there are. */
export async function findMicroBenchmarks(part: string): Promise<MicroBenchmark[]> {
  const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.bench.ts'));
  const all: MicroBenchmark[] = [];
  for (const file of files.toSorted()) {
    const module = (await import(join(import.meta.dirname, file))) as { benchmarks?: readonly MicroBenchmark[] };
    if (module.benchmarks === undefined) throw new Error(`bench/micro/${file} exports no list "benchmarks"`);
    all.push(...module.benchmarks);
  }
  const found = all.filter((each) => each.name.includes(part));
  if (found.length > 0) return found;
  throw new Error(`no micro-benchmark has "${part}" in its name; there are ${all.map((each) => each.name).join(', ')}`);
}

/** Runs them in alternating rounds. */
export async function benchMicro(part: string, rounds: number): Promise<Result> {
  const nowMs = () => performance.now();
  const benchmarks = await findMicroBenchmarks(part);
  const iterations = new Map(benchmarks.map((each) => [each, calibrate(each, nowMs)]));
  const measured = await runRounds(benchmarks, { rounds, foreignShareMax: 1, retries: 0 }, async (each) =>
    sample(each, iterations.get(each)!, nowMs),
  );
  const version = `Node ${process.versions.node}`;
  return buildResult(
    {
      key: 'micro',
      rounds,
      features: [],
      metrics: METRICS,
      missing: {},
      versions: Object.fromEntries(benchmarks.map((each) => [each.name, version])),
      measured: new Map([...measured].map(([each, result]) => [each.name, result])),
    },
    new Date().toISOString(),
  );
}
