/** A Compose file with a sidecar beside every service: text in, text out. PURE. */
import { type Document, isMap, LineCounter, type Node, parseDocument } from 'yaml';
import { Cursor, type Source } from '../../control-plane/policy/cursor.ts';
import { byPosition, type Problem } from '../../control-plane/policy/problem.ts';
import { noteRepeatedKeys } from '../../kernel/repeated-keys.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import { REFUSED_ON_TOP } from './fields.ts';
import { CONTROL_PLANE, type InjectSettings, PARTS, partName } from './helpers.ts';
import { rewrite } from './rewrite.ts';
import { isLeftOut, type ServicePlan, servicePlan } from './service-plan.ts';
import { strip } from './strip.ts';

/** What came of it. */
export interface Injected {
  readonly text: string;
  readonly plans: readonly ServicePlan[];
  /** What may surprise, each one sentence. */
  readonly notes: readonly string[];
}

/** `file` is how messages call the text. The error is all that is wrong, in the order of the text. */
export function injectText(text: string, file: string, settings: InjectSettings): Result<Injected, readonly Problem[]> {
  const read = readCompose(text, file);
  if (!read.ok) return read;
  const { document, source } = read.value;
  const notes: string[] = [];
  const plans = plansOf(source, document, settings, (note) => notes.push(note));
  if (source.problems.length > 0) return err(source.problems.sort(byPosition));
  if (plans.length === 0)
    return ok({ text: written(document, text), plans, notes: [...notes, 'no service gets a sidecar'] });
  rewrite(document, plans, settings);
  return ok({ text: written(document, text), plans, notes });
}

/** The text without what `injectText` has put into it. */
export function stripText(text: string, file: string): Result<string, readonly Problem[]> {
  const read = readCompose(text, file);
  if (!read.ok) return read;
  const { document, source } = read.value;
  return source.problems.length > 0 ? err(source.problems) : ok(written(document, text));
}

/** The document as the user wrote it, without what an earlier run has made. Problems may be in the source as well. */
function readCompose(text: string, file: string): Result<{ document: Document; source: Source }, readonly Problem[]> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false }) as Document;
  // `<<` may stand there more than once.
  noteRepeatedKeys(document, lines, ({ value }) => value === '<<');
  const problems: Problem[] = document.errors.map(({ message, linePos }) => {
    const { line, col } = linePos?.[0] ?? { line: 1, col: 1 };
    return { file, line, column: col, path: '', message: message.split(' at line ')[0]! };
  });
  if (problems.length > 0) return err(problems);
  const source: Source = { file, document, lines, problems };
  const root = document.contents;
  if (!isMap(root) || !isMap(root.get('services', true)))
    return err([{ file, line: 1, column: 1, path: '', message: 'has no services: it must be a Compose file' }]);
  strip(document, (service, field) => {
    const message = `"${field}" stands here and in ${partName(service, 'network')}, which has it from here: keep one of them`;
    new Cursor(source, root, '').find(`services.${service}.${field}`).report(message);
  });
  return ok({ document, source });
}

function plansOf(
  source: Source,
  document: Document,
  { controlPlane }: InjectSettings,
  note: (message: string) => void,
): ServicePlan[] {
  const fields = new Cursor(source, document.contents as Node, '').entries() ?? new Map<string, Cursor>();
  for (const [field, why] of Object.entries(REFUSED_ON_TOP)) fields.get(field)?.report(`"${field}" ${why}`);
  for (const [, network] of fields.get('networks')?.entries() ?? []) {
    const ipv6 = network.isMap ? network.entries()?.get('enable_ipv6') : undefined;
    if (ipv6?.text() === 'true') ipv6.report('"enable_ipv6": sidecars in Compose carry IPv4 alone: take it away');
  }
  const services = fields.get('services')!.entries() ?? new Map<string, Cursor>();
  const own = [...services].filter(([name, cursor]) => {
    const isControlPlane = controlPlane?.some(({ host }) => host === name) === true;
    return !isControlPlane && !isLeftOut(cursor.entries() ?? new Map());
  });
  const plans = own.flatMap(([name, cursor]) => servicePlan(name, cursor, source, note));
  const wanted = plans.flatMap(({ name, replicaOf }) => [
    ...(replicaOf === null ? [] : [name]),
    ...PARTS.map((part) => partName(name, part)),
  ]);
  for (const name of [...wanted, ...(controlPlane === null ? [CONTROL_PLANE] : [])])
    services
      .get(name)
      ?.report(
        name === CONTROL_PLANE
          ? `the control plane gets the name "${name}": rename this service, or say with --control-plane where the control plane is`
          : `"${name}" is the name of a part that is added: rename this service`,
      );
  return plans;
}

/** With the indentation that the user's text has. */
function written(document: Document, text: string): string {
  const form = { indent: indentOf(text), indentSeq: hasIndentedLists(text), flowCollectionPadding: isPadded(text) };
  return document.toString({ lineWidth: 0, ...form });
}

/** Whether there is a space inside of brackets, for lists and maps alike. */
function isPadded(text: string): boolean {
  const count = (pattern: RegExp) => text.match(pattern)?.length ?? 0;
  return count(/[[{] +[^\s\]}]/g) > count(/[[{][^\s\]}]/g);
}

function indentOf(text: string): number {
  const found = /^services:[^\n]*\n(?:\s*(?:#[^\n]*)?\n)*( +)\S/m.exec(text)?.[1]?.length ?? 2;
  return Math.min(8, Math.max(2, found));
}

/** Whether lists stand further in than their key, which is so where there are none. */
function hasIndentedLists(text: string): boolean {
  return !/^( *)[\w-]+:[ \t]*\n\1- /m.test(text) || /^( *)[\w-]+:[ \t]*\n\1 +- /m.test(text);
}
