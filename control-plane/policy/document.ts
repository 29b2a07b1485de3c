/**
 * What every Kubernetes-style document has around its spec: apiVersion, kind, metadata.
 */
import type { Cursor, KnownFields } from './cursor.ts';

/** Completes the sentence `"FIELD" ...` for what the standard has and the mesh does not. */
export const NOT_YET = 'is not supported yet: remove it';

/** What a port may be. */
export const PORT_RANGE = { min: 1, max: 65_535 };

const DOCUMENT: KnownFields = { apiVersion: true, kind: true, metadata: true, spec: true, status: true };
const METADATA: KnownFields = {
  ...Object.fromEntries(['name', 'namespace', 'labels', 'annotations'].map((name) => [name, true] as const)),
  ...Object.fromEntries(
    ['uid', 'resourceVersion', 'generation', 'creationTimestamp', 'managedFields'].map((name) => [name, true] as const),
  ),
};

/** A document whose spec is still to be read. */
export interface DocumentParts {
  /** Empty when it has none, which has been reported. */
  readonly name: string;
  /** Undefined when there is none, which has been reported. */
  readonly spec: Map<string, Cursor> | undefined;
  /** Where the spec is, or would be. */
  readonly at: Cursor;
  readonly manifest: unknown;
}

/** Parses everything but the spec, whose fields are `known`. `what` the document is stands in messages. */
export function parseDocumentParts(root: Cursor, what: string, known: KnownFields): DocumentParts {
  const fields = root.object(DOCUMENT);
  const at = fields.get('spec') ?? root;
  return {
    name: parseName(fields.get('metadata'), root, what),
    spec: fields.get('spec')?.object(known) ?? missing(root, 'spec'),
    at,
    manifest: root.json(),
  };
}

/** Reports a field that has to be there. */
export function missing(cursor: Cursor, field: string): undefined {
  return cursor.report(`"${field}" is missing`);
}

function parseName(metadata: Cursor | undefined, root: Cursor, what: string): string {
  if (metadata === undefined) return missing(root, 'metadata') ?? '';
  const name = metadata.object(METADATA).get('name');
  if (name === undefined) return missing(metadata, 'name') ?? '';
  return name.label(what) ?? '';
}

/** A field that names a Service, such as a backendRef: its name, or undefined when that is missing. */
export function parseServiceName(cursor: Cursor, fields: Map<string, Cursor>): string | undefined {
  fields.get('kind')?.oneOf(['Service']);
  fields.get('group')?.oneOf(['', 'core']);
  const name = fields.get('name');
  return name === undefined ? missing(cursor, 'name') : name.string();
}

/** `spec.targetRef` of a policy: the service that it is for; empty when there is none, which has been reported. */
export function parseTarget({ spec, at }: DocumentParts): string {
  if (spec === undefined) return '';
  const target = spec.get('targetRef');
  if (target === undefined) return missing(at, 'targetRef') ?? '';
  const fields = target.object({ group: true, kind: true, name: true });
  if (target.isMap && !fields.has('kind')) target.report('"kind" is missing: a policy is for a Service', 'Service');
  return parseServiceName(target, fields) ?? '';
}
