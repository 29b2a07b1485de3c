/**
 * /v1/history: what has changed, when, by whom; and back again.
 */
import type { Command } from '../state/command.ts';
import { differences } from '../state/differences.ts';
import type { HistoryMark } from '../state/history.ts';
import type { State } from '../state/model.ts';
import { adviceView } from './advice-view.ts';
import { authorHeaders } from './authorship.ts';
import { flagSchema, forceSchema, isSet, preview, submit } from './change.ts';
import type { ApiContext, Routes } from './context.ts';
import { ApiError, rejectionError } from './errors.ts';
import { anySchema, appliedSchema, errorSchema, listSchema, namedBy } from './schemas.ts';

const LIMIT_DEFAULT = 50;

const revisionParameter = { type: 'string', pattern: '^[0-9]{1,15}$' } as const;
const byRevision = { ...namedBy('revision'), properties: { revision: revisionParameter } } as const;

interface Revision {
  readonly revision: string;
}

/** See the head of this file. */
export const historyRoutes: Routes = (server, context) => {
  const { ledger } = context;
  const list = {
    summary: 'The latest changes, the newest first.',
    querystring: {
      type: 'object',
      additionalProperties: false,
      properties: {
        kind: { type: 'string', description: 'Only what changed this kind.' },
        name: { type: 'string', description: 'Only what changed the one of this name.' },
        limit: {
          type: 'string',
          pattern: '^[0-9]{1,4}$',
          description: `At most so many; ${LIMIT_DEFAULT} by default.`,
        },
      },
    },
    response: { 200: listSchema },
  };
  server.get<{ Querystring: { kind?: string; name?: string; limit?: string } }>(
    '/v1/history',
    { schema: list },
    ({ query: { kind, name, limit } }) =>
      ledger
        .history()
        .filter((mark) => kind === undefined || concerns(mark, kind, name))
        .slice(-Number(limit ?? LIMIT_DEFAULT) || Number.POSITIVE_INFINITY)
        .reverse()
        .map(({ entry }) => entry),
  );

  const one = {
    summary: 'One change, with the texts before and after it.',
    params: byRevision,
    response: { 200: anySchema, 404: errorSchema },
  };
  server.get<{ Params: Revision }>('/v1/history/:revision', { schema: one }, async ({ params }) => {
    const after = await stateAt(Number(params.revision), context);
    const mark = ledger.history().find(({ entry }) => entry.revision === after.revision);
    if (mark === undefined) throw new ApiError('not_found', `what revision ${after.revision} did is no longer kept`);
    const before = await stateAt(mark.entry.parent, context);
    return { ...mark.entry, differences: differences(before, after) };
  });

  const compare = {
    summary: 'What differs between two revisions.',
    querystring: {
      type: 'object',
      additionalProperties: false,
      required: ['from', 'to'],
      properties: { from: revisionParameter, to: revisionParameter },
    },
    response: { 200: anySchema, 404: errorSchema },
  };
  server.get<{ Querystring: { from: string; to: string } }>('/v1/diff', { schema: compare }, async ({ query }) => {
    const [from, to] = [await stateAt(Number(query.from), context), await stateAt(Number(query.to), context)];
    return { from: from.revision, to: to.revision, differences: differences(from, to) };
  });

  const rollback = {
    summary: 'Puts everything back as it was at a revision, as a new one.',
    params: byRevision,
    headers: authorHeaders,
    querystring: {
      type: 'object',
      additionalProperties: false,
      properties: { dryRun: flagSchema('Only tells what would change.'), force: forceSchema },
    },
    response: { 200: appliedSchema, 404: errorSchema, 409: errorSchema, 422: errorSchema },
  };
  server.post<{ Params: Revision; Querystring: { dryRun?: string; force?: string } }>(
    '/v1/history/:revision/rollback',
    { schema: rollback },
    async (request) => {
      const { params, query } = request;
      const { revision, ...content } = await stateAt(Number(params.revision), context);
      const command: Command = {
        kind: 'restore',
        origin: `revision ${revision}`,
        content,
        revisionFloor: 0,
        history: null,
        replaces: true,
        force: isSet(query.force),
      };
      const done = isSet(query.dryRun) ? preview(command, context) : await submit(command, request, context);
      const { state, ...told } = done;
      return { revision: state.revision, ...told, ...adviceView(state, done.changes, context) };
    },
  );
};

async function stateAt(revision: number, { ledger }: ApiContext): Promise<State> {
  const result = await ledger.stateAt(revision);
  if (!result.ok) throw rejectionError(result.error);
  return result.value;
}

/** Settings and the scale of a workload concern it. */
function concerns({ entry }: HistoryMark, kind: string, name: string | undefined): boolean {
  return entry.changes.some((change) => {
    const settings = change.kind === 'config' || change.kind === 'scale';
    if (change.kind !== kind && !(kind === 'workload' && settings)) return false;
    return name === undefined || change.name === name || (settings && change.name.startsWith(`${name}/`));
  });
}
