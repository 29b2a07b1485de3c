/**
 * Compares two result files. Machines and hours differ, so what is compared is the ratio to a reference peer that was
 * measured in the same rounds; only micro-benchmarks, which have no reference, are compared as they are.
 */
import type { Result, ResultFile } from './results.ts';
import { renderTable } from './table.ts';

/** One judged figure of one peer in both files. */
export interface Change {
  readonly key: string;
  readonly peer: string;
  /** Title of the figure. */
  readonly metric: string;
  /** The peer that the figure is relative to; undefined for a figure on its own. */
  readonly reference: string | undefined;
  readonly before: number;
  readonly after: number;
  /** after / before: above 1 the cost grew. */
  readonly growth: number;
}

/** The peer whose growth is a regression, on each of its paths; that of another is the peer's, or the machine's. */
const OURS = /^outrider( |$)/;

/** Every judged figure that both files have from clean rounds; peers other than the references themselves. */
export function findChanges(before: ResultFile, after: ResultFile): Change[] {
  return after.results.flatMap((now) => {
    const then = before.results.find((each) => each.key === now.key);
    return then === undefined ? [] : changesOf(then, now);
  });
}

/** The changes of our own proxy and of micro-benchmarks that grew by more than `growthMax`, such as 1.1 for a tenth. */
export function findRegressions(changes: readonly Change[], growthMax: number): Change[] {
  return changes.filter(
    ({ growth, peer, reference }) => growth > growthMax && (OURS.test(peer) || reference === undefined),
  );
}

/** The table of all changes; those in `regressions` are marked. */
export function renderChanges(changes: readonly Change[], regressions: readonly Change[]): string {
  const head = ['bench', 'peer', 'figure', 'relative to', 'before', 'after', 'growth', ''];
  const rows = changes.map((each) => [
    each.key,
    each.peer,
    each.metric,
    each.reference ?? '-',
    each.before.toFixed(3),
    each.after.toFixed(3),
    each.growth.toFixed(3),
    regressions.includes(each) ? 'GREW' : '',
  ]);
  return renderTable(head, rows);
}

function changesOf(then: Result, now: Result): Change[] {
  const references = Object.keys(now.ratios).filter((name) => then.ratios[name] !== undefined);
  const relativeTo: readonly (string | undefined)[] = references.length > 0 ? references : [undefined];
  const changes: Change[] = [];
  for (const peer of Object.keys(now.peers)) {
    for (const reference of relativeTo) {
      // The distance between two references is about them, not about us.
      if (references.includes(peer)) continue;
      for (const { key, title, judged } of now.metrics) {
        const before = medianOf(then, peer, reference, key);
        const after = medianOf(now, peer, reference, key);
        // A cost below the clock's resolution has no growth.
        if (!judged || before === undefined || before === 0 || after === undefined) continue;
        changes.push({ key: now.key, peer, metric: title, reference, before, after, growth: after / before });
      }
    }
  }
  return changes;
}

function medianOf(result: Result, peer: string, reference: string | undefined, key: string): number | undefined {
  if (result.peers[peer]?.trusted !== true) return undefined;
  if (reference === undefined) return result.peers[peer]?.figures[key]?.median;
  return result.ratios[reference]?.[peer]?.[key]?.median;
}
