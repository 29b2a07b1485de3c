/**
 * The answer to an AdmissionReview (admission.k8s.io/v1): a pod that is created is patched, left alone or refused. PURE.
 */
import { err, ok, type Result } from '../../kernel/result.ts';
import type { SkipReason } from '../injection/decide.ts';
import { inject } from '../injection/inject.ts';
import type { Pod } from '../injection/pod.ts';
import type { InjectionSettings } from '../injection/settings.ts';

/** What became of a pod; `other`: it was none that is created. */
export type Outcome = 'injected' | 'refused' | 'other' | SkipReason;

/** See the head of this file. */
export interface ReviewAnswer {
  readonly outcome: Outcome;
  /** Namespace and name of the pod, as far as it has one; for the log. */
  readonly pod: string;
  /** Why it was refused; null when it was not. */
  readonly problem: string | null;
  /** The AdmissionReview to answer with. */
  readonly review: object;
}

const API = 'admission.k8s.io/v1';
/** Unprocessable: what the API server answers for policies. */
const REFUSED = 422;

interface ReviewRequest {
  readonly uid: string;
  readonly kind: { readonly group?: string; readonly kind?: string };
  readonly operation: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly object: unknown;
}

/** Reads a body and answers it. The error is a sentence: it was no review of a pod. */
export function answerReview(body: string, settings: InjectionSettings): Result<ReviewAnswer, string> {
  const request = readRequest(body);
  if (!request.ok) return request;
  const { uid, kind, operation, object } = request.value;
  if (kind.kind !== 'Pod' || (kind.group ?? '') !== '' || operation !== 'CREATE')
    return ok(answer(request.value, 'other', { uid, allowed: true }, null));
  const problem = shapeProblem(object);
  if (problem !== null) return err(`request.object is no pod: ${problem}`);
  const injection = inject(object as Pod, settings);
  switch (injection.kind) {
    case 'inject': {
      const patch = Buffer.from(JSON.stringify(injection.patch)).toString('base64');
      return ok(answer(request.value, 'injected', { uid, allowed: true, patchType: 'JSONPatch', patch }, null));
    }
    case 'skip':
      return ok(answer(request.value, injection.why, { uid, allowed: true }, null));
    case 'refuse': {
      const status = { code: REFUSED, reason: 'Invalid', message: injection.problem };
      return ok(answer(request.value, 'refused', { uid, allowed: false, status }, injection.problem));
    }
  }
}

function answer(request: ReviewRequest, outcome: Outcome, response: object, problem: string | null): ReviewAnswer {
  const { metadata } = (request.object ?? {}) as Partial<Pod>;
  const name = request.name || metadata?.name || metadata?.generateName || '';
  return {
    outcome,
    problem,
    pod: `${request.namespace ?? ''}/${name}`,
    // In the API server's audit log.
    review: { apiVersion: API, kind: 'AdmissionReview', response: { ...response, auditAnnotations: { outcome } } },
  };
}

function readRequest(body: string): Result<ReviewRequest, string> {
  let value: unknown;
  try {
    value = JSON.parse(body, withoutNull);
  } catch (cause) {
    return err(`the body is no JSON: ${(cause as Error).message}`);
  }
  if (!isObject(value) || value.kind !== 'AdmissionReview' || value.apiVersion !== API)
    return err(`the body must be an AdmissionReview of ${API}`);
  const { request } = value;
  if (!isObject(request)) return err('the review has no request');
  if (typeof request.uid !== 'string' || request.uid === '') return err('request.uid must be a text');
  if (!isObject(request.kind)) return err('request.kind must be an object');
  if (typeof request.operation !== 'string') return err('request.operation must be a text');
  return ok(request as unknown as ReviewRequest);
}

/** For JSON.parse: in the API of Kubernetes a field that is null is not there. */
function withoutNull(this: unknown, _name: string, value: unknown): unknown {
  return value === null && !Array.isArray(this) ? undefined : value;
}

/** The API server has read the pod already; this is for everybody else. */
function shapeProblem(value: unknown): string | null {
  if (!isObject(value)) return 'it must be an object';
  const { metadata, spec } = value;
  if (!isObject(metadata)) return 'metadata must be an object';
  for (const name of ['labels', 'annotations'] as const)
    if (!isTexts(metadata[name])) return `metadata.${name} must be texts by name`;
  if (!isObject(spec)) return 'spec must be an object';
  if (!Array.isArray(spec.containers)) return 'spec.containers must be a list';
  for (const list of ['containers', 'initContainers', 'volumes'] as const)
    if (!isNamed(spec[list])) return `spec.${list} must be a list of objects with a name`;
  for (const list of ['containers', 'initContainers'] as const) {
    const found = ((spec[list] ?? []) as readonly Record<string, unknown>[]).find((each) => !isContainer(each));
    if (found !== undefined) return `spec.${list} has in ${String(found.name)} ports or probes of another shape`;
  }
  return null;
}

const PROBES = ['livenessProbe', 'readinessProbe', 'startupProbe'];
const HANDLERS = ['httpGet', 'tcpSocket', 'grpc'];

function isContainer(value: Record<string, unknown>): boolean {
  const { ports = [] } = value;
  const probes = PROBES.map((name) => value[name] ?? {});
  const handlers = probes.flatMap((probe) => (isObject(probe) ? HANDLERS.map((name) => probe[name] ?? {}) : [null]));
  const headers = handlers.map((each) => (isObject(each) ? (each.httpHeaders ?? []) : null));
  return Array.isArray(ports) && ports.every(isObject) && handlers.every(isObject) && headers.every(Array.isArray);
}

function isNamed(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return Array.isArray(value) && value.every((each) => isObject(each) && typeof each.name === 'string');
}

function isTexts(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return isObject(value) && Object.values(value).every((each) => typeof each === 'string');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
