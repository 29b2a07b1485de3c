/**
 * Whether a pod is injected: it is, it is none of our business, or it cannot be, for a reason in a sentence. PURE.
 */
import { nearest } from '../../kernel/edit-distance.ts';
import { SIDECAR_PORTS, SIDECAR_UID } from '../../protos/contract/sidecar-place.ts';
import {
  ANNOTATIONS,
  type AnnotationName,
  INJECT_LABEL,
  OWN_CONTAINERS,
  PREFIX,
  STATE_VOLUME,
  STATUS_ANNOTATION,
  TOKEN_VOLUME,
} from './names.ts';
import type { Container, Pod } from './pod.ts';
import { podValues } from './values.ts';

/** See the head of this file. */
export type Decision =
  | { readonly kind: 'inject' }
  | { readonly kind: 'skip'; readonly why: SkipReason }
  | { readonly kind: 'refuse'; readonly problem: string };

/** Why a pod stays as it is; labels of a metric. */
export type SkipReason = 'opted-out' | 'host-network' | 'windows' | 'injected';

/** What a refusal ends with. */
export const OPT_OUT = `or label the pod ${INJECT_LABEL}=disabled`;
/** Every annotation of ours. */
export const KNOWN_ANNOTATIONS = [STATUS_ANNOTATION, ...Object.keys(ANNOTATIONS).map((name) => PREFIX + name)];

/** Whether both containers of ours are where injection puts them. */
export function isInjected({ spec }: Pod): boolean {
  return OWN_CONTAINERS.every((own) => spec.initContainers?.some(({ name }) => name === own));
}

/** Decides. The API server asks about pods of namespaces that have opted in only. */
export function decide(pod: Pod): Decision {
  const why = skipReason(pod);
  if (why !== null) return { kind: 'skip', why };
  const problem = podProblem(pod);
  if (problem !== null) return { kind: 'refuse', problem };
  return isInjected(pod) ? { kind: 'skip', why: 'injected' } : { kind: 'inject' };
}

function skipReason({ metadata, spec }: Pod): SkipReason | null {
  if (metadata?.labels?.[INJECT_LABEL] === 'disabled') return 'opted-out';
  // Rules in the node's own namespace would take the traffic of all of its pods.
  if (spec.hostNetwork === true) return 'host-network';
  if (spec.os?.name === 'windows' || spec.nodeSelector?.['kubernetes.io/os'] === 'windows') return 'windows';
  return null;
}

/** The first of what stands against it; null: nothing does. policy/refusals.ts has the same sentences. */
function podProblem(pod: Pod): string | null {
  const { spec } = pod;
  const all: readonly Container[] = [...spec.containers, ...(spec.initContainers ?? [])];
  const containers = isInjected(pod) ? all.filter(({ name }) => !OWN_CONTAINERS.includes(name)) : all;
  const volumes = (spec.volumes ?? []) as readonly { readonly name: string }[];
  const taken =
    containers.find(({ name }) => OWN_CONTAINERS.includes(name)) ??
    volumes.find(({ name }) => name === STATE_VOLUME || name === TOKEN_VOLUME);
  if (taken !== undefined && !isInjected(pod))
    return `the pod has ${taken.name} already, and was not injected: take it out, ${OPT_OUT}`;
  const user = containers.find(({ securityContext }) => securityContext?.runAsUser === SIDECAR_UID);
  if (user !== undefined) return `container ${user.name} runs as user ${SIDECAR_UID}, ${SIDECARS_USER}`;
  if (spec.securityContext?.runAsUser === SIDECAR_UID) return `the pod runs as user ${SIDECAR_UID}, ${SIDECARS_USER}`;
  for (const { name, ports = [] } of containers) {
    const port = ports.find(({ containerPort }) => RESERVED.includes(containerPort))?.containerPort;
    if (port !== undefined) return `container ${name} has port ${port}, ${SIDECARS_PORTS}`;
  }
  return annotationProblem(pod) ?? workloadProblem(pod);
}

/** Ports that are the sidecar's. */
export const RESERVED: readonly number[] = Object.values(SIDECAR_PORTS);
/** Ends of sentences that both ways of injection have. */
export const SIDECARS_USER = `which is the sidecar's and is not intercepted: give it another, ${OPT_OUT}`;
/** See SIDECARS_USER. */
export const SIDECARS_PORTS = `which is the sidecar's (${RESERVED.join(', ')}): give it another, ${OPT_OUT}`;

function annotationProblem({ metadata }: Pod): string | null {
  for (const [name, value] of Object.entries(metadata?.annotations ?? {})) {
    if (!name.startsWith(PREFIX) || name === STATUS_ANNOTATION) continue;
    const rule = ANNOTATIONS[name.slice(PREFIX.length) as AnnotationName];
    if (rule === undefined) {
      const near = nearest(name, KNOWN_ANNOTATIONS);
      return `there is no annotation ${name}${near === undefined ? '' : `; did you mean ${near}?`}`;
    }
    if (!new RegExp(rule.pattern).test(value)) return `annotation ${name} is "${value}": it must be ${rule.words}`;
  }
  return null;
}

function workloadProblem(pod: Pod): string | null {
  const { workload } = podValues(pod);
  if (workload === '') return NO_WORKLOAD;
  if (new RegExp(ANNOTATIONS.workload.pattern).test(workload)) return null;
  return `the pod's label makes it workload "${workload}", ${WORKLOAD_FORM}`;
}

/** See SIDECARS_USER. */
export const NO_WORKLOAD = `the pod does not say which workload of the mesh it is: give it the label app.kubernetes.io/name or app, or the annotation ${PREFIX}workload, ${OPT_OUT}`;
/** See SIDECARS_USER. */
export const WORKLOAD_FORM = `which must be ${ANNOTATIONS.workload.words}: say another in the annotation ${PREFIX}workload`;
