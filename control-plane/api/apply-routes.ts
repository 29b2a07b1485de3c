/**
 * POST /v1/apply: a whole text of documents, all or nothing.
 */
import { join } from 'node:path';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { parsePolicy } from '../policy/parse.ts';
import type { Command } from '../state/command.ts';
import { adviceView } from './advice-view.ts';
import { authorHeaders } from './authorship.ts';
import { flagSchema, forceSchema, isSet, preview, submit } from './change.ts';
import type { ApiContext, Routes } from './context.ts';
import { ApiError, problemsError } from './errors.ts';
import { appliedSchema, errorSchema } from './schemas.ts';
import { settled } from './settled.ts';

/** How an apply is done. */
interface ApplyQuery {
  readonly file?: string;
  readonly dir?: string;
  readonly dryRun?: string;
  readonly wait?: string;
  readonly force?: string;
}

type ApplyRequest = FastifyRequest<{ Querystring: ApplyQuery; Body: string }>;

/** How long the header `x-outrider-wait: ACK` waits. */
const DEFAULT_WAIT_SECONDS = 30;

const schema = {
  summary: 'Applies a Compose file or Gateway API documents, all or nothing.',
  consumes: ['text/yaml'],
  headers: authorHeaders,
  querystring: {
    type: 'object',
    properties: {
      file: { type: 'string', description: 'What messages call the text.' },
      dir: { type: 'string', description: 'The absolute folder that relative paths in the text start from.' },
      dryRun: flagSchema('Only tells what would change, with the texts before and after.'),
      force: forceSchema,
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
  const command = parse(request, context);
  const dry = isSet(request.query.dryRun);
  const { state, ...told } = dry ? preview(command, context) : await submit(command, request, context);
  const applied = { revision: state.revision, ...told, ...adviceView(state, told.changes, context) };
  const waitSeconds = waitOf(request);
  if (dry || waitSeconds === undefined) return reply.send(applied);
  const warnings = await settled(waitSeconds, applied, context);
  return reply.send({ ...applied, warnings: [...applied.warnings, ...warnings] });
}

function parse({ query, body }: ApplyRequest, context: ApiContext): Command {
  const { file = 'request', dir = context.cwd } = query;
  if (!dir.startsWith('/')) throw new ApiError('malformed', `dir is "${dir}": it must be an absolute path`);
  // A text without a name has no successor that could lack something.
  const origin = query.file === undefined ? '' : join(dir, file);
  const { readFile, ledger, clock } = context;
  const parsed = parsePolicy({ text: body, file, dir, origin, readFile, state: ledger.state, nowMs: clock.wallMs() });
  if (!parsed.ok) throw problemsError(file, parsed.error);
  return { kind: 'apply', origin, prune: origin !== '', resources: parsed.value, force: isSet(query.force) };
}

function waitOf({ query, headers }: ApplyRequest): number | undefined {
  if (query.wait !== undefined) return Number(query.wait);
  return headers['x-outrider-wait'] === 'ACK' ? DEFAULT_WAIT_SECONDS : undefined;
}
