/**
 * POST /v1/apply: a whole text of documents, all or nothing.
 */
import { join } from 'node:path';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { parsePolicy } from '../policy/parse.ts';
import type { Command } from '../state/command.ts';
import { adviceView } from './advice-view.ts';
import type { ApiContext, Routes } from './context.ts';
import { ApiError, problemsError, rejectionError } from './errors.ts';
import { appliedSchema, errorSchema } from './schemas.ts';

/** How an apply is done. */
interface ApplyQuery {
  readonly file?: string;
  readonly dir?: string;
  readonly dryRun?: string;
  readonly wait?: string;
}

type ApplyRequest = FastifyRequest<{ Querystring: ApplyQuery; Body: string }>;

/** How long the header `x-outrider-wait: ACK` waits. */
const DEFAULT_WAIT_SECONDS = 30;

const schema = {
  summary: 'Applies a Compose file or Gateway API documents, all or nothing.',
  consumes: ['text/yaml'],
  querystring: {
    type: 'object',
    properties: {
      file: { type: 'string', description: 'What messages call the text.' },
      dir: { type: 'string', description: 'The absolute folder that relative paths in the text start from.' },
      dryRun: { type: 'string', enum: ['0', '1', 'true', 'false'], description: 'Only tells what would change.' },
      wait: {
        type: 'string',
        pattern: '^[0-9]{1,3}$',
        description: 'Answers when every client has taken the change in, after so many seconds at the latest.',
      },
    },
  },
  response: { 200: appliedSchema, 409: errorSchema, 422: errorSchema },
} as const;

/** See the head of this file. */
export const applyRoutes: Routes = (server, context) => {
  server.post<{ Querystring: ApplyQuery; Body: string }>('/v1/apply', { schema }, async (request, reply) =>
    answer(request, reply, context),
  );
};

async function answer(request: ApplyRequest, reply: FastifyReply, context: ApiContext): Promise<unknown> {
  if (typeof request.body !== 'string') throw new ApiError('malformed', 'the body is empty: send the YAML text');
  const { ledger } = context;
  const command = parse(request, context);
  const dry = request.query.dryRun === '1' || request.query.dryRun === 'true';
  const result = dry ? ledger.preview(command) : await ledger.submit(command);
  if (!result.ok) throw rejectionError(result.error);
  const { state, changes } = result.value;
  const applied = { revision: state.revision, changes, ...adviceView(state, changes, context) };
  const waitSeconds = waitOf(request);
  if (!dry && waitSeconds !== undefined) await settle(waitSeconds, applied, context);
  return reply.send(applied);
}

function parse({ query, body }: ApplyRequest, context: ApiContext): Command {
  const { file = 'request', dir = context.cwd } = query;
  if (!dir.startsWith('/')) throw new ApiError('malformed', `dir is "${dir}": it must be an absolute path`);
  // A text without a name has no successor that could lack something.
  const origin = query.file === undefined ? '' : join(dir, file);
  const { readFile, ledger, clock } = context;
  const parsed = parsePolicy({ text: body, file, dir, origin, readFile, state: ledger.state, nowMs: clock.wallMs() });
  if (!parsed.ok) throw problemsError(file, parsed.error);
  return { kind: 'apply', origin, prune: origin !== '', resources: parsed.value };
}

function waitOf({ query, headers }: ApplyRequest): number | undefined {
  if (query.wait !== undefined) return Number(query.wait);
  return headers['x-outrider-wait'] === 'ACK' ? DEFAULT_WAIT_SECONDS : undefined;
}

async function settle(seconds: number, applied: object, context: ApiContext): Promise<void> {
  const { refused, pending } = await context.settle(seconds * 1000);
  const refusals = refused.flatMap(({ nodeId, kinds }) =>
    [...kinds].flatMap(([kind, { nacked }]) =>
      nacked === null ? [] : [{ path: `${nodeId}/${kind}`, message: nacked.message }],
    ),
  );
  const late = pending.map(({ nodeId }) => ({ path: nodeId, message: `has not answered within ${seconds} s` }));
  const details = [...refusals, ...late];
  if (details.length === 0) return;
  const message = `the change is stored, but ${refused.length} clients refused it and ${pending.length} have not answered`;
  throw new ApiError('refused', message, details, applied as Record<string, unknown>);
}
