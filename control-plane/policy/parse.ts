/**
 * What a user sends, into resources: YAML with any number of documents, each a Compose file or a Kubernetes-style
 * document with `apiVersion` and `kind`. All problems come out at once; with one problem nothing is taken.
 */
import { type Document, LineCounter, parseAllDocuments, type YAMLError } from 'yaml';
import { nearest } from '../../kernel/edit-distance.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import { portsOfServices } from '../state/apply.ts';
import type { ResourceDraft } from '../state/command.ts';
import type { Resource, State } from '../state/model.ts';
import { danglingReferences } from '../state/references.ts';
import { routeConflicts } from '../state/route-conflicts.ts';
import { type ComposeContext, type ParsedResource, parseCompose } from './compose.ts';
import { Cursor, type Source } from './cursor.ts';
import { parseGrpcRoute } from './grpc-route.ts';
import { parseHttpRoute } from './http-route.ts';
import { byPosition, type Problem } from './problem.ts';

/** What is parsed, and against what. */
export interface PolicyInput extends ComposeContext {
  readonly text: string;
  /** How messages call the text. */
  readonly file: string;
  /** See `Resource.origin`: what the same origin had before does not count when references are checked. */
  readonly origin: string;
  /** What references may lead to besides the text itself. */
  readonly state: State;
}

const GATEWAY_API = 'gateway.networking.k8s.io/v1';
const ROUTES: Readonly<Record<string, (root: Cursor) => ParsedResource>> = {
  HTTPRoute: parseHttpRoute,
  GRPCRoute: parseGrpcRoute,
};
const NOT_YET = ['TCPRoute'];

/** Parses and checks. The resources stand in the order of the text. */
export function parsePolicy(input: PolicyInput): Result<ResourceDraft[], Problem[]> {
  const problems: Problem[] = [];
  const lines = new LineCounter();
  const documents = parseAllDocuments(input.text, { lineCounter: lines, merge: true });
  const parsed: ParsedResource[] = [];
  for (const document of Array.isArray(documents) ? documents : []) {
    for (const error of document.errors) problems.push(syntaxProblem(input.file, error));
    if (document.errors.length > 0 || document.contents === null) continue;
    const source: Source = { file: input.file, document: document as Document, lines, problems };
    parsed.push(...parseDocument(new Cursor(source, document.contents as never, ''), input));
  }
  checkDuplicates(parsed);
  // A name that was mistyped in its own definition would be reported again wherever it is used.
  if (problems.length === 0) checkReferences(parsed, input);
  if (problems.length > 0) return err(problems.sort(byPosition));
  return ok(parsed.map((each) => each.draft));
}

function parseDocument(root: Cursor, input: PolicyInput): ParsedResource[] {
  if (root.isNull) return [];
  const fields = root.entries();
  if (fields === undefined) return [];
  const kind = fields.get('kind');
  if (kind === undefined && !fields.has('apiVersion')) return parseCompose(root, input);
  if (kind === undefined) return root.report('"kind" is missing', 'HTTPRoute') ?? [];
  const name = kind.string();
  if (name === undefined) return [];
  const parseRoute = Object.hasOwn(ROUTES, name) ? ROUTES[name] : undefined;
  if (parseRoute !== undefined) {
    const version = fields.get('apiVersion');
    if (version === undefined) root.report('"apiVersion" is missing', GATEWAY_API);
    else version.oneOf([GATEWAY_API]);
    return [parseRoute(root)];
  }
  if (NOT_YET.includes(name)) return kind.report(`kind "${name}" is not supported yet: remove it`) ?? [];
  return kind.report(`unknown kind "${name}"`, nearest(name, [...Object.keys(ROUTES), ...NOT_YET])) ?? [];
}

function syntaxProblem(file: string, error: YAMLError): Problem {
  const { line, col } = error.linePos?.[0] ?? { line: 1, col: 1 };
  const [message] = error.message.split(' at line ');
  return { file, line, column: col, path: '', message: message! };
}

function checkDuplicates(parsed: readonly ParsedResource[]): void {
  const seen = new Set<string>();
  for (const { draft, cursor } of parsed) {
    const id = `${draft.kind} "${draft.name}"`;
    if (seen.has(id)) cursor.report(`${id} is defined twice`);
    seen.add(id);
  }
}

function checkReferences(parsed: readonly ParsedResource[], input: PolicyInput): void {
  const drafts = parsed.map((each) => each.draft);
  const cursors = new Map(parsed.map(({ draft, cursor }) => [idOf(draft), cursor]));
  const stays = (each: Resource & Pick<ResourceDraft, 'kind'>) =>
    !cursors.has(idOf(each)) && (input.origin === '' || each.origin !== input.origin);
  const { workloads, routes, grpcRoutes } = input.state;
  const allWorkloads = [
    ...[...workloads.values()].filter(stays),
    ...drafts.filter((draft) => draft.kind === 'workload'),
  ];
  const allRoutes = [
    ...[...routes.values(), ...grpcRoutes.values()].filter(stays),
    ...drafts.filter((draft) => draft.kind !== 'workload'),
  ];
  const names = new Set(allWorkloads.map((workload) => workload.name));
  const problems = [...danglingReferences(drafts, portsOfServices(allWorkloads), names), ...routeConflicts(allRoutes)];
  for (const { resource, path, message, suggestion } of problems)
    cursors.get(idOf(resource))?.find(path).report(message, suggestion);
}

function idOf({ kind, name }: Pick<ResourceDraft, 'kind' | 'name'>): string {
  return `${kind}/${name}`;
}
