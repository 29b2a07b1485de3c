/**
 * `outrider audit`: who changed what, and who was refused.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { AuditView } from '../api-types.ts';
import type { CliContext } from '../context.ts';
import { type Format, outputOption, render } from '../format.ts';
import type { ServerOptions } from '../server-address.ts';
import { withClient, withServerOptions } from '../server-command.ts';
import { table } from '../table.ts';

interface AuditOptions extends ServerOptions {
  /** ISO 8601. */
  readonly since?: string;
  readonly limit: number;
  readonly output: Format;
}

const UNITS_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3600_000, d: 24 * 3600_000 };
const LIMIT_MAX = 9999;

/** Adds the command. */
export function addAudit(program: Command, context: CliContext): void {
  const command = program
    .command('audit')
    .description('tell who changed what, and who was refused (needs the role administer)')
    .addOption(new Option('--since <time>', 'such as 1h, 7d or 2027-01-31T00:00:00Z').argParser(parseSince))
    .addOption(new Option('--limit <count>', 'the newest so many').argParser(parseLimit).default(200))
    .addOption(outputOption());
  withServerOptions(command).action((options: AuditOptions) =>
    withClient(options, context, async (client) =>
      context.out(render(options.output, await client.audit(options.since, options.limit), auditTable)),
    ),
  );
}

function auditTable(entries: readonly AuditView[]): string {
  const rows = entries.map(({ time, who, grant, from, action, result, status, reason, changes }) => [
    time,
    who === undefined ? '-' : `${who} (${grant})`,
    from,
    action,
    `${result} ${status}`,
    changes?.join(', ') ?? reason ?? '',
  ]);
  return table(
    ['TIME', 'WHO', 'FROM', 'ACTION', 'RESULT', 'WHAT'].map((title) => ({ title })),
    rows,
  );
}

function parseSince(text: string): string {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const ms = count === undefined ? Date.parse(text) : Date.now() - Number(count) * UNITS_MS[unit!]!;
  if (Number.isNaN(ms)) throw new InvalidArgumentError('1h, 7d and 2027-01-31T00:00:00Z are such times.');
  return new Date(ms).toISOString();
}

function parseLimit(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= LIMIT_MAX) return limit;
  throw new InvalidArgumentError(`it is a number from 1 to ${LIMIT_MAX}.`);
}
