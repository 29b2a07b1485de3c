/**
 * What is put into a pod. It depends on the settings of the cluster and, in a few texts, on the pod: those are handed in,
 * as texts, or as marks that stand for an expression (policy/).
 */

import { SIDECAR_PORTS, SIDECAR_UID } from '../../protos/contract/sidecar-place.ts';
import { type JsonObject, written } from '../translate/resource.ts';
import { sidecarBootstrap } from './bootstrap.ts';
import {
  INTERCEPT_CONTAINER,
  PROBES_VARIABLE,
  PROXY_CONTAINER,
  STATE_DIRECTORY,
  STATE_VOLUME,
  TOKEN_DIRECTORY,
  TOKEN_VOLUME,
} from './names.ts';
import type { InjectionSettings } from './settings.ts';
import type { PodValues } from './values.ts';

/** Containers in the order in which they start, and volumes. */
export interface Injected {
  readonly initContainers: readonly JsonObject[];
  readonly volumes: readonly JsonObject[];
}

/** The kubelet exchanges the token when four fifths of that are over. */
const TOKEN_SECONDS = 3600;
const STATE_LIMIT = '64Mi';
/** Waits for the mesh: 120 s, then the kubelet starts the sidecar again. */
const STARTUP = { periodSeconds: 1, failureThreshold: 120, timeoutSeconds: 2 };
/** Until nobody sends here any more; the kubelet's grace period ends it where that takes longer. */
const LEAVE = `await fetch('http://127.0.0.1:${SIDECAR_PORTS.admin}/leave',{method:'POST'})`;

/** See the head of this file. */
export function template(settings: InjectionSettings, values: PodValues): Injected {
  const token = settings.audience === null ? [] : [tokenVolume(settings.audience)];
  return {
    initContainers: [interceptContainer(settings, values), proxyContainer(settings, values)],
    volumes: [{ name: STATE_VOLUME, emptyDir: { sizeLimit: STATE_LIMIT } }, ...token],
  };
}

/**
 * Ends before anything else of the pod begins, the sidecar too: a connection from before the rules would be redirected in
 * its middle. Root, because a capability that is added counts for nobody else.
 */
function interceptContainer(settings: InjectionSettings, values: PodValues): JsonObject {
  return {
    name: INTERCEPT_CONTAINER,
    image: settings.interceptImage,
    imagePullPolicy: settings.imagePullPolicy,
    args: [
      'intercept',
      ...(settings.dns ? [] : ['--no-dns']),
      '--exclude-inbound-ports=$(OUTRIDER_EXCLUDE_INBOUND_PORTS)',
      '--exclude-outbound-ports=$(OUTRIDER_EXCLUDE_OUTBOUND_PORTS)',
      '--exclude-addresses=$(OUTRIDER_EXCLUDE_OUTBOUND_ADDRESSES)',
    ],
    env: [
      { name: 'OUTRIDER_EXCLUDE_INBOUND_PORTS', value: values.excludeInboundPorts },
      { name: 'OUTRIDER_EXCLUDE_OUTBOUND_PORTS', value: values.excludeOutboundPorts },
      { name: 'OUTRIDER_EXCLUDE_OUTBOUND_ADDRESSES', value: values.excludeOutboundAddresses },
    ],
    resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '128Mi' } },
    securityContext: {
      runAsUser: 0,
      runAsGroup: 0,
      runAsNonRoot: false,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
  };
}

/**
 * A native sidecar (`restartPolicy: Always`): the kubelet starts it before the pod's own init containers, which reach the
 * network through it, and ends it after the last of the other containers.
 */
function proxyContainer(settings: InjectionSettings, values: PodValues): JsonObject {
  const ready = { httpGet: { path: '/ready', port: SIDECAR_PORTS.health, scheme: 'HTTP' } };
  return {
    name: PROXY_CONTAINER,
    image: settings.image,
    imagePullPolicy: settings.imagePullPolicy,
    restartPolicy: 'Always',
    args: ['proxy', '--disable-hot-restart', '--config-yaml', sidecarBootstrap(settings)],
    env: [
      field('POD_NAME', 'metadata.name'),
      field('POD_NAMESPACE', 'metadata.namespace'),
      field('POD_IP', 'status.podIP'),
      field('OUTRIDER_REGION', "metadata.labels['topology.kubernetes.io/region']"),
      field('OUTRIDER_ZONE', "metadata.labels['topology.kubernetes.io/zone']"),
      { name: 'OUTRIDER_WORKLOAD', value: values.workload },
      { name: 'OUTRIDER_VERSION', value: values.version },
      { name: 'OUTRIDER_PORT', value: values.port },
      { name: 'OUTRIDER_PROTOCOL', value: values.protocol },
      { name: 'OUTRIDER_EGRESS', value: values.egress },
      { name: 'OUTRIDER_HEALTH', value: values.health },
      { name: PROBES_VARIABLE, value: values.probes },
    ],
    ports: [{ name: 'outrider-health', containerPort: SIDECAR_PORTS.health, protocol: 'TCP' }],
    startupProbe: { ...ready, ...STARTUP },
    readinessProbe: { ...ready, periodSeconds: 5, failureThreshold: 2, timeoutSeconds: 2 },
    // At the beginning of the end, while the application still goes on.
    lifecycle: { preStop: { exec: { command: ['/bin/node', '--input-type=module', '-e', LEAVE] } } },
    resources: written({ requests: settings.resources.requests, limits: settings.resources.limits }),
    securityContext: {
      runAsUser: SIDECAR_UID,
      runAsGroup: SIDECAR_UID,
      runAsNonRoot: true,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    volumeMounts: [
      { name: STATE_VOLUME, mountPath: STATE_DIRECTORY },
      ...(settings.audience === null ? [] : [{ name: TOKEN_VOLUME, mountPath: TOKEN_DIRECTORY, readOnly: true }]),
    ],
  };
}

function field(name: string, fieldPath: string): JsonObject {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}

/** Readable for the sidecar's user alone, where the pod has no fsGroup: the kubelet gives it to the one user of the volume. */
function tokenVolume(audience: string): JsonObject {
  const serviceAccountToken = { audience, expirationSeconds: TOKEN_SECONDS, path: 'token' };
  return { name: TOKEN_VOLUME, projected: { sources: [{ serviceAccountToken }] } };
}
