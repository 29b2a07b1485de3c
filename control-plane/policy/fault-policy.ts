/**
 * FaultPolicy (outrider.dev/v1): failures made on purpose. It has to say when it ends.
 */
import { FAULT_DURATION_MS_MAX, type FaultAbort, type FaultPolicyDraft } from '../state/fault-policy.ts';
import type { ParsedResource } from './compose.ts';
import type { Cursor } from './cursor.ts';
import { missing, parseDocumentParts, parseTarget } from './document.ts';
import { durationBetween, type Fields, HOUR_MS, msText, percent } from './fields.ts';
import { parseRequestMatch } from './request-match.ts';

const SPEC = { targetRef: true, match: true, delay: true, abort: true, for: true, expiresAt: true } as const;

/** The names of gRPC's codes, by number. */
const GRPC_CODES = [
  ...['OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND', 'ALREADY_EXISTS'],
  ...['PERMISSION_DENIED', 'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION', 'ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED'],
  ...['INTERNAL', 'UNAVAILABLE', 'DATA_LOSS', 'UNAUTHENTICATED'],
] as const;

/** Parses one document. Mistakes are reported at the cursor; what has some is not to be used. */
export function parseFaultPolicy(root: Cursor): ParsedResource {
  const document = parseDocumentParts(root, 'policy', SPEC);
  const { spec, at } = document;
  if (spec !== undefined && !spec.has('delay') && !spec.has('abort'))
    at.report('makes no fault: it needs "delay", "abort" or both');
  const draft: FaultPolicyDraft = {
    kind: 'faultpolicy',
    name: document.name,
    service: parseTarget(document),
    match: parseRequestMatch(spec?.get('match')),
    delay: parseDelay(spec?.get('delay')),
    abort: parseAbort(spec?.get('abort')),
    lasts: parseEnd(spec, at),
    manifest: document.manifest,
  };
  return { draft, cursor: root };
}

function parseDelay(cursor: Cursor | undefined): FaultPolicyDraft['delay'] {
  if (cursor === undefined) return null;
  const fields = cursor.object({ duration: true, percent: true });
  if (cursor.isMap && !fields.has('duration')) missing(cursor, 'duration');
  const durationMs = durationBetween(fields.get('duration'), { min: 1, max: HOUR_MS });
  return { durationMs: durationMs ?? 0, percent: percent(fields, 'percent') ?? 100 };
}

function parseAbort(cursor: Cursor | undefined): FaultAbort | null {
  if (cursor === undefined) return null;
  const fields = cursor.object({ status: true, grpcStatus: true, percent: true });
  const [http, grpc] = [fields.get('status'), fields.get('grpcStatus')];
  if (cursor.isMap && (http === undefined) === (grpc === undefined))
    cursor.report('needs one of "status" and "grpcStatus"');
  const code = grpc?.oneOf(GRPC_CODES);
  if (code === 'OK') grpc!.report('OK is no failure');
  const answer =
    code === undefined
      ? ({ kind: 'http', status: http?.integer({ min: 200, max: 599 }) ?? 0 } as const)
      : ({ kind: 'grpc', status: GRPC_CODES.indexOf(code) } as const);
  return { answer, percent: percent(fields, 'percent') ?? 100 };
}

function parseEnd(spec: Fields | undefined, at: Cursor): FaultPolicyDraft['lasts'] {
  const [period, moment] = [spec?.get('for'), spec?.get('expiresAt')];
  if (spec !== undefined && (period === undefined) === (moment === undefined)) {
    const rule = `a fault ends by itself: "for" (at most ${msText(FAULT_DURATION_MS_MAX)}) or "expiresAt" says when`;
    (moment ?? at).report(period === undefined ? rule : `stands beside "for": one of the two must go`);
  }
  if (moment === undefined)
    return { kind: 'for', ms: durationBetween(period, { min: 1000, max: FAULT_DURATION_MS_MAX }) ?? 0 };
  const atMs = moment.parsed(parseInstant, 'a time such as 2026-01-31T18:30:00Z');
  return { kind: 'until', atMs: atMs ?? 0 };
}

/** RFC 3339, with its zone. */
function parseInstant(text: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/.test(text)) return null;
  const ms = Date.parse(text.toUpperCase());
  return Number.isNaN(ms) ? null : ms;
}
