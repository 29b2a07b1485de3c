/**
 * What the sidecar of one pod has to know of it: the parts of the injected containers that differ from pod to pod. All are
 * texts: they become variables of the containers, which the kubelet writes into their arguments. PURE.
 *
 * policy/expressions.ts has the same in CEL, for clusters without the webhook; test/kubernetes holds both to the same pods.
 */
import { NO_APPLICATION_PORT, SIDECAR_PORTS } from '../../protos/contract/sidecar-place.ts';
import { type AnnotationName, OWN_CONTAINERS, PREFIX, PROBE_PAGE } from './names.ts';
import { type Container, type Pod, PROBE_KINDS, PROBES, type Probe, type ProbeKind } from './pod.ts';

/** See the head of this file. */
export interface PodValues {
  /** A label; may be empty, which is refused. */
  readonly workload: string;
  readonly version: string;
  readonly port: string;
  readonly protocol: string;
  readonly egress: string;
  /** How the sidecar finds out whether the application is well: the inside of an ApplicationCheck in YAML. */
  readonly health: string;
  /** The kubelet's probes that the sidecar makes in its place: the inside of a map of ApplicationChecks in YAML. */
  readonly probes: string;
  /** Lists with commas. */
  readonly excludeInboundPorts: string;
  readonly excludeOutboundPorts: string;
  readonly excludeOutboundAddresses: string;
}

/** A probe that is rewritten. */
export interface RewrittenProbe {
  /** `web-liveness`: the name by which the kubelet asks the sidecar. */
  readonly name: string;
  readonly list: 'containers' | 'initContainers';
  readonly index: number;
  readonly kind: ProbeKind;
  readonly handler: 'httpGet' | 'tcpSocket' | 'grpc';
}

/** DEFAULT: how long an application that is asked to end goes on, so that its callers learn of it: seconds. */
export const STOP_DELAY = 5;
/** DEFAULT of Kubernetes. */
const GRACE_PERIOD = 30;
const DEFAULT_VERSION = 'v1';
/** Seconds, milliseconds. */
const PROBE_TIMEOUT_S = 1;
/** Nobody waits for an application that does not listen. */
const NEVER = `port: ${NO_APPLICATION_PORT}, interval_ms: 60000, start_interval_ms: 60000, tcp: {}`;

/** The text of an annotation; undefined when there is none. */
export function annotationOf(pod: Pod, name: AnnotationName): string | undefined {
  return pod.metadata?.annotations?.[PREFIX + name];
}

/** What is read of a pod. Whether it may be injected is `decide`'s to say. */
export function podValues(pod: Pod): PodValues {
  const { labels = {} } = pod.metadata ?? {};
  const port = applicationPort(pod);
  return {
    workload: annotationOf(pod, 'workload') ?? labels['app.kubernetes.io/name'] ?? labels.app ?? '',
    version: labels['app.kubernetes.io/version'] ?? labels.version ?? DEFAULT_VERSION,
    port: String(port),
    protocol: annotationOf(pod, 'protocol') ?? 'auto',
    egress: annotationOf(pod, 'egress') ?? 'allow',
    health: variableText(healthText(pod, port)),
    probes: variableText(
      rewrittenProbes(pod)
        .map((each) => `${quoted(each.name)}: {${checkText(containerOf(pod, each), probeOf(pod, each))}}`)
        .join(', '),
    ),
    excludeInboundPorts: [`${SIDECAR_PORTS.admin},${SIDECAR_PORTS.health}`, annotationOf(pod, 'exclude-inbound-ports')]
      .filter((each) => each !== undefined)
      .join(','),
    excludeOutboundPorts: annotationOf(pod, 'exclude-outbound-ports') ?? '',
    excludeOutboundAddresses: annotationOf(pod, 'exclude-outbound-addresses') ?? '',
  };
}

/** Where the application listens: as annotated, or the first port that a container declares; NO_APPLICATION_PORT for none. */
export function applicationPort(pod: Pod): number {
  const told = annotationOf(pod, 'port');
  if (told !== undefined) return told === 'none' ? NO_APPLICATION_PORT : Number(told);
  const ports = pod.spec.containers.flatMap((each) => each.ports ?? []);
  return ports.find(({ protocol = 'TCP' }) => protocol === 'TCP')?.containerPort ?? NO_APPLICATION_PORT;
}

/** Probes that would otherwise go through interception, in a fixed order. Those to other hosts stay. */
export function rewrittenProbes({ spec }: Pod): RewrittenProbe[] {
  return PROBE_KINDS.flatMap((kind) =>
    (['containers', 'initContainers'] as const).flatMap((list) =>
      (spec[list] ?? []).flatMap((container, index) => {
        const handler = handlerOf(container, container[PROBES[kind]]);
        return handler === undefined ? [] : [{ name: `${container.name}-${kind}`, list, index, kind, handler }];
      }),
    ),
  );
}

function handlerOf(container: Container, probe: Probe | undefined): RewrittenProbe['handler'] | undefined {
  if (OWN_CONTAINERS.includes(container.name) || isAskedOfUs(probe)) return undefined;
  // The kubelet could not ask it either, and says so.
  if (probe === undefined || probedPort(container, probe) === 0) return undefined;
  if (probe.httpGet !== undefined) return probe.httpGet.host === undefined ? 'httpGet' : undefined;
  if (probe.tcpSocket !== undefined) return probe.tcpSocket.host === undefined ? 'tcpSocket' : undefined;
  return probe.grpc === undefined ? undefined : 'grpc';
}

/** Rewritten already. */
function isAskedOfUs(probe: Probe | undefined): boolean {
  const { port, path = '' } = probe?.httpGet ?? {};
  return port === SIDECAR_PORTS.health && path.startsWith(PROBE_PAGE);
}

/** Seconds that containers wait before they are asked to end; 0 for none. */
export function stopDelay(pod: Pod): number {
  const seconds = Number(annotationOf(pod, 'stop-delay') ?? STOP_DELAY);
  const { terminationGracePeriodSeconds = GRACE_PERIOD } = pod.spec;
  // The kubelet refuses one that is longer, and the application needs time of its own.
  return applicationPort(pod) === NO_APPLICATION_PORT || seconds >= terminationGracePeriodSeconds ? 0 : seconds;
}

function containerOf({ spec }: Pod, { list, index }: RewrittenProbe): Container {
  return spec[list]![index]!;
}

function probeOf(pod: Pod, probe: RewrittenProbe): Probe {
  return containerOf(pod, probe)[PROBES[probe.kind]]!;
}

/** As annotated; else as the kubelet finds out whether traffic may come to that port; else by a connection. */
function healthText(pod: Pod, port: number): string {
  if (port === NO_APPLICATION_PORT) return NEVER;
  const path = annotationOf(pod, 'health-path');
  if (path !== undefined) return `port: ${port}, http: {path: ${quoted(path)}}`;
  for (const container of pod.spec.containers) {
    const probe = container.readinessProbe;
    if (probe !== undefined && handlerOf(container, probe) !== undefined && probedPort(container, probe) === port)
      return checkText(container, probe);
  }
  return `port: ${port}, tcp: {}`;
}

function checkText(container: Container, probe: Probe): string {
  const times = `port: ${probedPort(container, probe)}, timeout_ms: ${(probe.timeoutSeconds ?? PROBE_TIMEOUT_S) * 1000}`;
  const { httpGet, grpc } = probe;
  if (httpGet !== undefined) {
    const headers = (httpGet.httpHeaders ?? []).map(({ name, value }) => `${quoted(name)}: ${quoted(value)}`);
    const path = httpGet.path ?? '/';
    return `${times}, http: {path: ${quoted(path.startsWith('/') ? path : `/${path}`)}, tls: ${httpGet.scheme === 'HTTPS'}, headers: {${headers.join(', ')}}}`;
  }
  return grpc === undefined ? `${times}, tcp: {}` : `${times}, grpc: {service: ${quoted(grpc.service ?? '')}}`;
}

/** 0 for a name that no port has, and for a probe that is a program. */
function probedPort({ ports = [] }: Container, { httpGet, tcpSocket, grpc }: Probe): number {
  const port = httpGet?.port ?? tcpSocket?.port ?? grpc?.port ?? 0;
  if (typeof port === 'number') return port;
  return ports.find(({ name }) => name === port)?.containerPort ?? 0;
}

/** In double quotes, as YAML reads it. */
function quoted(text: string): string {
  return JSON.stringify(text);
}

/** The kubelet reads `$(NAME)` in the value of a variable as another one. */
function variableText(text: string): string {
  return text.replaceAll('$', '$$$$');
}
