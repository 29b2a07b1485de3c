/**
 * PURE. What a granted command adds to the history.
 */
import type { Applied } from '../state/apply.ts';
import type { Command } from '../state/command.ts';
import {
  type Authorship,
  forgetUpTo,
  type HistoryEntry,
  type HistoryLimits,
  type HistoryMark,
  type HistoryRecord,
  undoRows,
} from '../state/history.ts';
import type { State } from '../state/model.ts';
import type { HistoryCommit } from './store.ts';

/** What is committed, and what there is already. */
export interface Committed {
  readonly command: Command;
  readonly before: State;
  readonly applied: Applied;
  readonly by: Authorship;
  /** Wall time. */
  readonly nowMs: number;
}

/** See the head of this file. A backup brings its history where there has been none. */
export function historyCommit(
  { command, before, applied, by, nowMs }: Committed,
  marks: readonly HistoryMark[],
  limits: HistoryLimits,
): HistoryCommit {
  const imports = command.kind === 'restore' && command.history !== null && before.revision === 0;
  const from: State = imports ? { ...command.content, revision: command.revisionFloor } : before;
  const { state, changes } = applied;
  const entry: HistoryEntry = {
    revision: state.revision,
    parent: from.revision,
    atMs: nowMs,
    ...by,
    command: command.kind,
    origin: originOf(command),
    changes: changes.filter(({ action }) => action !== 'unchanged'),
  };
  const record: HistoryRecord = { entry, undo: undoRows(from, state) };
  if (!imports) return { record, forgetUpTo: forgetUpTo(marks, bytesOf(record), nowMs, limits) };
  const brought = command.history!.map((each) => ({ entry: each.entry, bytes: bytesOf(each) }));
  const oldest = forgetUpTo(brought, bytesOf(record), nowMs, limits);
  return { record, forgetUpTo: 0, imported: command.history!.filter((each) => each.entry.revision > oldest) };
}

function originOf(command: Command): string {
  switch (command.kind) {
    case 'apply':
    case 'restore':
      return command.origin;
    case 'scale':
    case 'run':
      return command.reason;
    default:
      return '';
  }
}

function bytesOf(record: HistoryRecord): number {
  return Buffer.byteLength(JSON.stringify(record));
}
