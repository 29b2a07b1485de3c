/** The Deployments of a mesh's own namespace, with what belongs to each. PURE. */

import { INJECT_LABEL } from '../../control-plane/injection/names.ts';
import { AUDIENCE } from '../../control-plane/injection/settings.ts';
import type { JsonObject } from '../../control-plane/translate/resource.ts';
import { SIDECAR_UID } from '../../protos/contract/sidecar-place.ts';

/** What both have in common. */
export interface SystemParts {
  readonly namespace: string;
  readonly image: string;
  readonly pullPolicy: string;
  /** Where a process listens that others come to: 0.0.0.0 or [::], for IPv6 as well. */
  readonly everywhere: string;
}

/** Names of Deployment, Service and ServiceAccount. */
export const CONTROL_PLANE = 'outrider-control-plane';
/** See CONTROL_PLANE. */
export const WEBHOOK = 'outrider-webhook';

const REST_PORT = 15_080;
const XDS_PORT = 15_010;
const WEBHOOK_PORT = 15_017;
const STATE = '/var/lib/outrider';
/** Below the volume's root, which belongs to others too. */
const STATE_FOLDER = `${STATE}/state`;
const CERTIFICATE = '/etc/outrider/certificate';
/** DEFAULT: history and backups of a large mesh. */
const STATE_SIZE = '1Gi';
/** Time for those who still send here: the Service's news takes so long. */
const STOP_DELAY_S = 5;

/** Of everything that is installed. */
export function labelsOf(component: string): { readonly [name: string]: string } {
  return { 'app.kubernetes.io/name': 'outrider', 'app.kubernetes.io/component': component };
}

/** One process with its state on a volume. While it is away sidecars go on with what they have. */
export function controlPlaneObjects(parts: SystemParts): JsonObject[] {
  const args = [
    ...[
      'control-plane',
      '--state',
      STATE_FOLDER,
      '--http',
      `${parts.everywhere}:${REST_PORT}`,
      '--grpc',
      `${parts.everywhere}:${XDS_PORT}`,
    ],
    ...[
      '--tls-cert',
      `${CERTIFICATE}/tls.crt`,
      '--tls-key',
      `${CERTIFICATE}/tls.key`,
      '--tls-ca',
      `${CERTIFICATE}/ca.crt`,
    ],
    ...['--access', '/etc/outrider/access/access', '--service-accounts', AUDIENCE],
  ];
  const claim = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: metadata(parts, CONTROL_PLANE),
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: STATE_SIZE } } },
  };
  const volumes = {
    state: [STATE, { persistentVolumeClaim: { claimName: CONTROL_PLANE } }],
    certificate: [CERTIFICATE, { secret: { secretName: 'outrider-certificate', defaultMode: 0o440 } }],
    access: ['/etc/outrider/access', { configMap: { name: 'outrider-access' } }],
  } as const;
  return [
    serviceAccount(parts, CONTROL_PLANE),
    claim,
    service(parts, CONTROL_PLANE, { https: [REST_PORT, REST_PORT], grpc: [XDS_PORT, XDS_PORT] }),
    deployment(parts, CONTROL_PLANE, {
      args,
      volumes,
      ports: { https: REST_PORT, grpc: XDS_PORT },
      probed: 'https',
      // Reads the keys of the tokens that sidecars show.
      token: true,
      resources: { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '1Gi' } },
      // Two would write one database.
      rest: { replicas: 1, strategy: { type: 'Recreate' } },
    }),
  ];
}

/** Two of them, on different nodes where there are several. */
export function webhookObjects(parts: SystemParts): JsonObject[] {
  const settings = '/etc/outrider/injection';
  const args = [
    ...['webhook', '--settings', `${settings}/settings.json`, '--listen', `${parts.everywhere}:${WEBHOOK_PORT}`],
    ...['--tls-cert', `${CERTIFICATE}/tls.crt`, '--tls-key', `${CERTIFICATE}/tls.key`],
  ];
  const volumes = {
    certificate: [CERTIFICATE, { secret: { secretName: 'outrider-certificate', defaultMode: 0o440 } }],
    injection: [settings, { configMap: { name: 'outrider-injection' } }],
  } as const;
  const budget = {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: metadata(parts, WEBHOOK),
    spec: { minAvailable: 1, selector: { matchLabels: labelsOf(WEBHOOK) } },
  };
  return [
    serviceAccount(parts, WEBHOOK),
    service(parts, WEBHOOK, { https: [443, WEBHOOK_PORT] }),
    budget,
    deployment(parts, WEBHOOK, {
      args,
      volumes,
      ports: { https: WEBHOOK_PORT },
      probed: 'https',
      token: false,
      resources: { requests: { cpu: '50m', memory: '96Mi' }, limits: { memory: '256Mi' } },
      rest: { replicas: 2, strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } } },
    }),
  ];
}

interface DeploymentParts {
  readonly args: readonly string[];
  /** Where each is mounted, and what it is. */
  readonly volumes: Readonly<Record<string, readonly [path: string, source: JsonObject]>>;
  readonly ports: Readonly<Record<string, number>>;
  /** The port that answers /healthz and /readyz over HTTPS. */
  readonly probed: string;
  /** Whether it has a token for the API server. */
  readonly token: boolean;
  readonly resources: JsonObject;
  readonly rest: JsonObject;
}

function deployment(parts: SystemParts, name: string, spec: DeploymentParts): JsonObject {
  const { args, volumes, ports, probed, token, resources, rest } = spec;
  const labels = labelsOf(name);
  const probe = (path: string) => ({ httpGet: { path, port: probed, scheme: 'HTTPS' }, periodSeconds: 5 });
  const spread = {
    maxSkew: 1,
    topologyKey: 'kubernetes.io/hostname',
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: { matchLabels: labels },
  };
  const container = {
    name,
    image: parts.image,
    imagePullPolicy: parts.pullPolicy,
    args,
    ports: Object.entries(ports).map(([port, containerPort]) => ({ name: port, containerPort })),
    startupProbe: { ...probe('/healthz'), periodSeconds: 1, failureThreshold: 60 },
    livenessProbe: probe('/healthz'),
    readinessProbe: probe('/readyz'),
    lifecycle: { preStop: { sleep: { seconds: STOP_DELAY_S } } },
    resources,
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: Object.entries(volumes).map(([each, [mountPath]]) => ({
      name: each,
      mountPath,
      ...(each === 'state' ? {} : { readOnly: true }),
    })),
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadata(parts, name),
    spec: {
      ...rest,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels: { ...labels, [INJECT_LABEL]: 'disabled' } },
        spec: {
          serviceAccountName: name,
          automountServiceAccountToken: token,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: SIDECAR_UID,
            runAsGroup: SIDECAR_UID,
            fsGroup: SIDECAR_UID,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          topologySpreadConstraints: [spread],
          containers: [container],
          volumes: Object.entries(volumes).map(([each, [, source]]) => ({ name: each, ...source })),
        },
      },
    },
  };
}

function service(
  parts: SystemParts,
  name: string,
  ports: Readonly<Record<string, readonly [port: number, target: number]>>,
): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(parts, name),
    spec: {
      selector: labelsOf(name),
      ports: Object.entries(ports).map(([each, [port, targetPort]]) => ({ name: each, port, targetPort })),
    },
  };
}

function serviceAccount(parts: SystemParts, name: string): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: metadata(parts, name),
    automountServiceAccountToken: false,
  };
}

function metadata({ namespace }: SystemParts, name: string): JsonObject {
  return { name, namespace, labels: labelsOf(name) };
}
