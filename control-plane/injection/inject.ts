/**
 * The injection of one pod: a pod in, a JSON Patch (RFC 6902) out. What was injected already stays as it is, but for containers
 * that came after the injection, by another webhook: their probes are rewritten too. So it may be asked any number of times.
 * PURE.
 */

import { SIDECAR_PORTS } from '../../protos/contract/sidecar-place.ts';
import type { Json, JsonObject } from '../translate/resource.ts';
import { type Decision, decide } from './decide.ts';
import { INJECTED, PROBE_PAGE, PROBES_VARIABLE, PROXY_CONTAINER, STATUS_ANNOTATION } from './names.ts';
import { type Pod, PROBES } from './pod.ts';
import type { InjectionSettings } from './settings.ts';
import { template } from './template.ts';
import { podValues, rewrittenProbes, stopDelay } from './values.ts';

/** One operation. */
export type PatchOperation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: Json }
  | { readonly op: 'remove'; readonly path: string };

/** What becomes of a pod. */
export type Injection =
  | { readonly kind: 'inject'; readonly patch: readonly PatchOperation[] }
  | Exclude<Decision, { readonly kind: 'inject' }>;

/** Decides and, where the pod is injected, says how. */
export function inject(pod: Pod, settings: InjectionSettings): Injection {
  const decision = decide(pod);
  if (decision.kind === 'skip' && decision.why === 'injected') {
    const patch = laterOperations(pod);
    return patch.length === 0 ? decision : { kind: 'inject', patch };
  }
  if (decision.kind !== 'inject') return decision;
  const { initContainers, volumes } = template(settings, podValues(pod));
  return {
    kind: 'inject',
    patch: [
      ...probeOperations(pod),
      ...delayOperations(pod),
      // In front of the pod's own, which need a network.
      ...prepended('/spec/initContainers', pod.spec.initContainers, initContainers),
      ...prepended('/spec/volumes', pod.spec.volumes, volumes),
      ...annotation(pod),
    ],
  };
}

/** What containers that came later need. */
function laterOperations(pod: Pod): PatchOperation[] {
  const { probes } = podValues(pod);
  const operations = [...probeOperations(pod), ...delayOperations(pod)];
  if (probes === '') return operations;
  const index = pod.spec.initContainers!.findIndex(({ name }) => name === PROXY_CONTAINER);
  const { env = [] } = pod.spec.initContainers![index]!;
  return [
    ...operations,
    ...env.flatMap(({ name, value = '' }, i): PatchOperation[] => {
      const path = `/spec/initContainers/${index}/env/${i}/value`;
      const all = value === '' ? probes : `${value}, ${probes}`;
      return name === PROBES_VARIABLE ? [{ op: 'add', path, value: all }] : [];
    }),
  ];
}

/** Where the kubelet asks the sidecar instead of the application. */
export function probeHandler(name: string): JsonObject {
  return { path: `${PROBE_PAGE}${name}`, port: SIDECAR_PORTS.health, scheme: 'HTTP' };
}

function probeOperations(pod: Pod): PatchOperation[] {
  return rewrittenProbes(pod).flatMap(({ name, list, index, kind, handler }) => {
    const place = `/spec/${list}/${index}/${PROBES[kind]}`;
    return [
      { op: 'remove', path: `${place}/${handler}` },
      { op: 'add', path: `${place}/httpGet`, value: probeHandler(name) },
    ] as const;
  });
}

/** Callers are told in that time; a container with a hook of its own knows better. */
function delayOperations(pod: Pod): PatchOperation[] {
  const seconds = stopDelay(pod);
  if (seconds === 0) return [];
  const preStop = { sleep: { seconds } };
  return pod.spec.containers.flatMap(({ lifecycle }, index): PatchOperation[] => {
    const place = `/spec/containers/${index}/lifecycle`;
    if (lifecycle === undefined) return [{ op: 'add', path: place, value: { preStop } }];
    return lifecycle.preStop === undefined ? [{ op: 'add', path: `${place}/preStop`, value: preStop }] : [];
  });
}

function prepended(
  path: string,
  present: readonly unknown[] | undefined,
  values: readonly JsonObject[],
): PatchOperation[] {
  if (present === undefined) return [{ op: 'add', path, value: values }];
  return values.map((value, index) => ({ op: 'add', path: `${path}/${index}`, value }));
}

function annotation({ metadata }: Pod): PatchOperation[] {
  if (metadata?.annotations === undefined)
    return [{ op: 'add', path: '/metadata/annotations', value: { [STATUS_ANNOTATION]: INJECTED } }];
  const key = STATUS_ANNOTATION.replaceAll('~', '~0').replaceAll('/', '~1');
  return [{ op: 'add', path: `/metadata/annotations/${key}`, value: INJECTED }];
}
