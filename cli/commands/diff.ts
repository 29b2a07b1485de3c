/**
 * `outrider diff`: what an apply would change, or what differs between two revisions, as `diff -u` prints it.
 */
import type { Command } from 'commander';
import type { ApplyResult } from '../api-types.ts';
import type { CliContext } from '../context.ts';
import { CliError, EXIT, SilentExit, UsageError } from '../errors.ts';
import type { ServerOptions } from '../server-address.ts';
import { withClient, withServerOptions } from '../server-command.ts';
import { textlessChanges, unifiedDiff } from '../unified-diff.ts';
import { applyFile, collect } from './apply.ts';
import { parseRevision } from './history.ts';

type DiffFlags = ServerOptions & { readonly file?: readonly string[]; readonly revisions?: readonly string[] };

/** As `diff` has them: 0 nothing differs, 1 something does, 2 it cannot be told. */
const DIFFERS = 1;
const TROUBLE = 2;

/** Adds the command. */
export function addDiff(program: Command, context: CliContext): void {
  const command = program
    .command('diff')
    .description(
      'show what an apply would change, or what differs between two revisions; exits with 1 when something does',
    )
    .option('-f, --file <file>', 'a file, or - for standard input; may be repeated', collect)
    .option('--revisions <from-to...>', 'two revisions, such as --revisions 4 7');
  withServerOptions(command).action(async (flags: DiffFlags) => {
    try {
      const text = await withClient(flags, context, async (client) => {
        if (flags.revisions !== undefined) return revisionsDiff(flags.revisions, (a, b) => client.diff(a, b));
        if (flags.file === undefined)
          throw new UsageError('name a file with --file, or two revisions with --revisions');
        const results = [];
        // One after the other: what they ask on standard input or of the server comes in order.
        for (const file of flags.file)
          results.push(dryRunText(await applyFile(client, file, { dryRun: true, force: true }, context)));
        return results.join('');
      });
      context.out(text);
      if (text !== '') throw new SilentExit(DIFFERS);
    } catch (error) {
      if (error instanceof CliError && error.exitCode === EXIT.failed && !(error instanceof SilentExit))
        throw new CliError(error.message, TROUBLE);
      throw error;
    }
  });
}

/** The differences of a dry run; for what has none to show, a line that says so. */
export function dryRunText({ changes, differences = [] }: Pick<ApplyResult, 'changes' | 'differences'>): string {
  const silent = textlessChanges(changes, differences).map(
    ({ kind, name, action }) => `# ${kind}/${name} would be ${action}: the text stays, its file or its time changes\n`,
  );
  return unifiedDiff(differences, ['now', 'then']) + silent.join('');
}

async function revisionsDiff(
  revisions: readonly string[],
  ask: (from: number, to: number) => Promise<{ readonly differences: ApplyResult['differences'] }>,
): Promise<string> {
  if (revisions.length !== 2) throw new UsageError(`--revisions needs two revisions, such as --revisions 4 7`);
  const [from, to] = [parseRevision(revisions[0]!), parseRevision(revisions[1]!)];
  const { differences = [] } = await ask(from, to);
  return unifiedDiff(differences, [`revision ${from}`, `revision ${to}`]);
}
