/**
 * /v1/resources: what users wrote, one by one.
 */
import type { FastifyRequest } from 'fastify';
import { nearest } from '../../kernel/edit-distance.ts';
import { parsePolicy } from '../policy/parse.ts';
import type { Document, DocumentKind } from '../state/model.ts';
import { resourcesOf, sortedByName } from '../state/queries.ts';
import { adviceView } from './advice-view.ts';
import { authorHeaders } from './authorship.ts';
import { submit } from './change.ts';
import type { ApiContext, Routes } from './context.ts';
import { ApiError, problemsError } from './errors.ts';
import { anySchema, appliedSchema, errorSchema, kindParameter, listSchema, namedBy } from './schemas.ts';

interface Named {
  readonly kind: DocumentKind;
  readonly name: string;
}

const kindOnly = { type: 'object', required: ['kind'], properties: { kind: kindParameter } } as const;
const kindAndName = { ...namedBy('kind', 'name'), properties: { ...namedBy('name').properties, kind: kindParameter } };

/** See the head of this file. */
export const resourceRoutes: Routes = (server, context) => {
  const { ledger } = context;
  const list = { summary: 'All resources of a kind.', params: kindOnly, response: { 200: listSchema } };
  server.get<{ Params: Named }>('/v1/resources/:kind', { schema: list }, ({ params }) =>
    sortedByName(resourcesOf(ledger.state, params.kind)).map((each) => resourceView(each, context)),
  );

  const one = { summary: 'One resource.', params: kindAndName, response: { 200: anySchema, 404: errorSchema } };
  server.get<{ Params: Named }>('/v1/resources/:kind/:name', { schema: one }, ({ params }) => {
    const all = resourcesOf(ledger.state, params.kind);
    const found = all.get(params.name);
    if (found !== undefined) return resourceView(found, context);
    throw unknown(params.kind, params.name, all.keys());
  });

  const put = {
    summary: 'Creates or replaces one resource: a Compose service, or the whole document of any other kind.',
    params: kindAndName,
    headers: authorHeaders,
    body: { type: 'object' },
    response: { 200: appliedSchema, 422: errorSchema },
  };
  server.put<{ Params: Named; Body: object }>('/v1/resources/:kind/:name', { schema: put }, (request) =>
    replace(request, context),
  );

  const remove = {
    summary: 'Deletes one resource.',
    params: kindAndName,
    headers: authorHeaders,
    response: { 200: appliedSchema, 404: errorSchema },
  };
  server.delete<{ Params: Named }>('/v1/resources/:kind/:name', { schema: remove }, async (request) => {
    const { kind, name } = request.params;
    const { state, changes } = await submit({ kind: 'delete', resource: kind, name }, request, context);
    return { revision: state.revision, changes };
  });
};

async function replace(
  request: FastifyRequest<{ Params: Named; Body: object }>,
  context: ApiContext,
): Promise<unknown> {
  const { ledger, cwd: dir, readFile, clock } = context;
  const { kind, name } = request.params;
  const existing = resourcesOf(ledger.state, kind).get(name);
  // JSON is YAML: the one strict parser reads both.
  const text = JSON.stringify(kind === 'workload' ? { services: { [name]: request.body } } : request.body);
  const parsed = parsePolicy({
    text,
    file: name,
    dir,
    origin: '',
    readFile,
    state: ledger.state,
    nowMs: clock.wallMs(),
  });
  if (!parsed.ok) throw problemsError(`${kind} ${name}`, parsed.error);
  const [draft, ...others] = parsed.value;
  if (draft?.kind !== kind || draft.name !== name || others.length > 0) {
    throw new ApiError('invalid', `the body is not ${kind} "${name}": kind and name must be those of the path`);
  }
  const command = { kind: 'apply', origin: existing?.origin ?? '', prune: false, resources: [draft] } as const;
  const { state, changes } = await submit(command, request, context);
  return { revision: state.revision, changes, ...adviceView(state, changes, context) };
}

/** What is kept; of a fault also how long it still lasts, in milliseconds. */
function resourceView(document: Document, { clock }: ApiContext): object {
  if (document.kind !== 'faultpolicy') return document;
  return { ...document, leftMs: Math.max(0, document.expiresAtMs - clock.wallMs()) };
}

function unknown(kind: string, name: string, names: Iterable<string>): ApiError {
  const suggestion = nearest(name, names);
  const message = `there is no ${kind} "${name}"`;
  return new ApiError('not_found', message, [
    { path: kind, message, ...(suggestion === undefined ? {} : { suggestion }) },
  ]);
}
