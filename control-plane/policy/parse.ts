/**
 * What a user sends, into resources: YAML with any number of documents, each a Compose file or a Kubernetes-style
 * document with `apiVersion` and `kind`. All problems come out at once; with one problem nothing is taken.
 */
import { type Document, LineCounter, parseAllDocuments, type YAMLError } from 'yaml';
import { nearest } from '../../kernel/edit-distance.ts';
import { noteRepeatedKeys } from '../../kernel/repeated-keys.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import { wouldBe } from '../state/apply.ts';
import { problemsOf } from '../state/checks.ts';
import type { ResourceDraft } from '../state/command.ts';
import type { State } from '../state/model.ts';
import { type ComposeContext, type ParsedResource, parseCompose } from './compose.ts';
import { Cursor, type Source } from './cursor.ts';
import { parseFaultPolicy } from './fault-policy.ts';
import { parseGrpcRoute } from './grpc-route.ts';
import { parseHttpRoute } from './http-route.ts';
import { byPosition, type Problem } from './problem.ts';
import { parseRouteTest } from './route-test.ts';
import { parseTcpRoute } from './tcp-route.ts';
import { parseTrafficPolicy } from './traffic-policy.ts';

/** What is parsed, and against what. */
export interface PolicyInput extends ComposeContext {
  readonly text: string;
  /** How messages call the text. */
  readonly file: string;
  /** See `Resource.origin`: what the same origin had before does not count when references are checked. */
  readonly origin: string;
  /** What references may lead to besides the text itself. */
  readonly state: State;
  /** Wall time, milliseconds since 1970. */
  readonly nowMs: number;
}

const GATEWAY_API = ['gateway.networking.k8s.io/v1'];
/** TCPRoutes are older there than their name: v1 is not what everybody writes. */
const TCP_GATEWAY_API = ['gateway.networking.k8s.io/v1alpha2', ...GATEWAY_API];

const OUTRIDER_API = ['outrider.dev/v1'];

/** How a kind is read, and the apiVersions that it may come under. */
interface KindParser {
  readonly versions: readonly string[];
  readonly parse: (root: Cursor) => ParsedResource;
}

const KINDS: Readonly<Record<string, KindParser>> = {
  HTTPRoute: { versions: GATEWAY_API, parse: parseHttpRoute },
  GRPCRoute: { versions: GATEWAY_API, parse: parseGrpcRoute },
  TCPRoute: { versions: TCP_GATEWAY_API, parse: parseTcpRoute },
  TrafficPolicy: { versions: OUTRIDER_API, parse: parseTrafficPolicy },
  FaultPolicy: { versions: OUTRIDER_API, parse: parseFaultPolicy },
  RouteTest: { versions: OUTRIDER_API, parse: parseRouteTest },
};

/** Parses and checks. The resources stand in the order of the text. */
export function parsePolicy(input: PolicyInput): Result<ResourceDraft[], Problem[]> {
  const problems: Problem[] = [];
  const lines = new LineCounter();
  const documents = parseAllDocuments(input.text, { lineCounter: lines, merge: true, uniqueKeys: false });
  const parsed: ParsedResource[] = [];
  for (const document of Array.isArray(documents) ? documents : []) {
    noteRepeatedKeys(document as Document, lines);
    for (const error of document.errors) problems.push(syntaxProblem(input.file, error));
    if (document.errors.length > 0 || document.contents === null) continue;
    const source: Source = { file: input.file, document: document as Document, lines, problems };
    parsed.push(...parseDocument(new Cursor(source, document.contents as never, ''), input));
  }
  checkDuplicates(parsed);
  // A name that was mistyped in its own definition would be reported again wherever it is used.
  if (problems.length === 0) checkMesh(parsed, input);
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
  const known = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
  if (known === undefined) return kind.report(`unknown kind "${name}"`, nearest(name, Object.keys(KINDS))) ?? [];
  const version = fields.get('apiVersion');
  if (version === undefined) root.report('"apiVersion" is missing', known.versions[0]);
  else version.oneOf(known.versions);
  return [known.parse(root)];
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

/** What is wrong with the mesh as it would be, as far as it concerns the text; the rest is told when it is applied. */
function checkMesh(parsed: readonly ParsedResource[], { state, origin, nowMs }: PolicyInput): void {
  const resources = parsed.map((each) => each.draft);
  const cursors = new Map(parsed.map(({ draft, cursor }) => [idOf(draft), cursor]));
  const next = wouldBe(state, { kind: 'apply', origin, prune: origin !== '', resources }, nowMs);
  if (next.state === state) return;
  for (const { resource, path, message, suggestion } of problemsOf(next.state, nowMs))
    cursors.get(idOf(resource))?.find(path).report(message, suggestion);
}

function idOf({ kind, name }: Pick<ResourceDraft, 'kind' | 'name'>): string {
  return `${kind}/${name}`;
}
