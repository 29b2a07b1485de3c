/**
 * `outrider history`: what has changed, when, and who asked for it.
 */
import { type Command, InvalidArgumentError } from 'commander';
import type { HistoryDetailView, HistoryEntryView } from '../api-types.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { type Format, outputOption, render } from '../format.ts';
import { parseKind } from '../kinds.ts';
import type { ServerOptions } from '../server-address.ts';
import { withClient, withServerOptions } from '../server-command.ts';
import { table } from '../table.ts';
import { unifiedDiff } from '../unified-diff.ts';

type HistoryFlags = ServerOptions & { readonly output: Format; readonly limit: number };

const LIMIT = 20;
const CHANGES_SHOWN_MAX = 3;

/** Adds `history` and `history show`. */
export function addHistory(program: Command, context: CliContext): void {
  const history = program
    .command('history')
    .description('print the latest changes, all or those of a kind or one resource; "show" prints one with its texts')
    .argument('[kind]')
    .argument('[name]')
    .option('-n, --limit <count>', 'at most so many', count, LIMIT)
    .addOption(outputOption());
  withServerOptions(history).action((kindName: string | undefined, name: string | undefined, flags: HistoryFlags) => {
    const kind = kindName === undefined ? undefined : parseKind(kindName);
    if (kind === 'service') throw new UsageError('a service has no history of its own: ask for its workloads');
    return withClient(flags, context, async (client) => {
      context.out(render(flags.output, await client.history({ kind, name, limit: flags.limit }), historyTable));
    });
  });
  const show = history.command('show').description('print one change with its texts').argument('<revision>');
  withServerOptions(show.addOption(outputOption())).action((revision: string, _flags: HistoryFlags, self: Command) => {
    const flags = self.optsWithGlobals<HistoryFlags>();
    const number = parseRevision(revision);
    return withClient(flags, context, async (client) => {
      context.out(render(flags.output, await client.historyEntry(number), detailText));
    });
  });
}

/** One line per change. */
export function historyTable(entries: readonly HistoryEntryView[]): string {
  const columns = ['REVISION', 'WHEN', 'AUTHOR', 'CHANGES', 'FROM', 'MESSAGE'].map((title) => ({ title }));
  const rows = entries.map((entry) => [
    String(entry.revision),
    when(entry),
    author(entry),
    changesLine(entry),
    entry.origin,
    entry.message,
  ]);
  return table(columns, rows);
}

/** One change and its texts. */
export function detailText(entry: HistoryDetailView): string {
  const lines = [
    `revision ${entry.revision}, after ${entry.parent}, ${when(entry)}`,
    `by ${author(entry)}${entry.origin === '' ? '' : `, from ${entry.origin}`}`,
    ...(entry.message === '' ? [] : ['', `    ${entry.message}`]),
    '',
    ...entry.changes.map(({ kind, name, action }) => `${kind}/${name} ${action}`),
    '',
  ];
  const labels = [`revision ${entry.parent}`, `revision ${entry.revision}`] as const;
  return `${lines.join('\n')}\n${unifiedDiff(entry.differences, labels)}`;
}

/** A revision as people type it. */
export function parseRevision(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new UsageError(`"${text}" is no revision: it must be a whole number, see "outrider history"`);
}

function when({ atMs }: HistoryEntryView): string {
  return new Date(atMs)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z');
}

/** Nobody has checked what a client says of itself. */
function author({ author, verified }: HistoryEntryView): string {
  if (author === '') return 'unknown';
  return verified ? author : `${author} (unverified)`;
}

function changesLine({ changes }: HistoryEntryView): string {
  const shown = changes.slice(0, CHANGES_SHOWN_MAX).map(({ kind, name, action }) => `${kind}/${name} ${action}`);
  const more = changes.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}

function count(value: string): number {
  if (/^[1-9]\d{0,3}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('It must be a whole number from 1 to 9999.');
}
