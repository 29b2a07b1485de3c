/**
 * What stands beside one application, and once in a file, as plain values. PURE.
 *
 *   start  web-network ─► web-intercept ─► web-sidecar ─► web-ready ─► web ─► web-drain
 *   stop   the other way round: web-drain takes the instance out of traffic, then the application ends, then its sidecar
 *
 * All of them are in one network namespace, which web-network owns, so that every one of them can start again.
 */
import { stringify } from 'yaml';
import type { HealthCheck } from '../../control-plane/state/model.ts';
import type { ServerAddress } from '../../control-plane/translate/control-plane-cluster.ts';
import { hostPortText } from '../../kernel/host-port.ts';
import { SIDECAR_UID } from '../../protos/contract/sidecar-place.ts';
import type { ServicePlan } from './service-plan.ts';

/** What a whole file is injected with. */
export interface InjectSettings {
  readonly image: string;
  /** The image with what sets the rules, and with a shell. */
  readonly initImage: string;
  /** Null: the file gets one of its own. */
  readonly controlPlane: readonly ServerAddress[] | null;
  /** A folder of the machine with a token in DIR/SERVICE for each sidecar of another control plane; null: it asks for none. */
  readonly tokens: string | null;
  /** A file of the machine: whom sidecars trust for another control plane; null: it speaks plaintext. */
  readonly ca: string | null;
  readonly egress: 'allow' | 'deny';
  /** Whole seconds. */
  readonly drainTimeoutS: number;
  /** Of each sidecar, as Compose writes it; null: none. */
  readonly sidecarMemory: string | null;
}

/** The parts beside an application, in the order in which they stand in the file. */
export const PARTS = ['network', 'intercept', 'sidecar', 'ready', 'drain'] as const;
/** One of them. */
export type Part = (typeof PARTS)[number];
/** A Compose service. */
export type Service = Record<string, unknown>;

/** The control plane's name as a service, and the network that leads to it where there is no common one. */
export const CONTROL_PLANE = 'outrider';
const GRPC_PORT = 15_010;
/** Of the control plane. */
export const STATE_VOLUME = 'outrider-state';
const STATE_DIR = '/var/lib/outrider';
/** Where the control plane has the sidecars' folders. */
const SIDECARS_DIR = '/run/outrider';
/** Where a sidecar finds what is mounted from the machine. */
const MOUNTS_DIR = '/run/outrider';
/** What a stop takes beyond the time for draining. */
const FAREWELL_S = 10;

const LOCKED = { read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] };
const ASK_READY =
  "require('http').get('http://127.0.0.1:15000/ready', (r) => process.exit(r.statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))";

/** The name of a part. */
export function partName(service: string, part: Part): string {
  return `${service}-${part}`;
}

/** What all parts of one kind have in common, by kind. */
export function templates(settings: InjectSettings): Record<Part, Service> {
  const { image, initImage, drainTimeoutS, sidecarMemory } = settings;
  const memory = sidecarMemory === null ? {} : { deploy: { resources: { limits: { memory: sidecarMemory } } } };
  return {
    network: { image: initImage, command: ['pause'], user: String(SIDECAR_UID), ...LOCKED },
    intercept: {
      image: initImage,
      command: ['intercept'],
      user: '0',
      ...LOCKED,
      cap_add: ['NET_ADMIN', 'NET_RAW'],
      tmpfs: ['/run'],
    },
    sidecar: {
      image,
      user: String(SIDECAR_UID),
      ...LOCKED,
      ...memory,
      restart: 'unless-stopped',
      stop_grace_period: `${drainTimeoutS + FAREWELL_S}s`,
      healthcheck: { test: ['CMD', '/bin/node', '-e', ASK_READY], interval: '30s', timeout: '10s', retries: 2 },
    },
    ready: { image: initImage, command: ['ready'], user: String(SIDECAR_UID), ...LOCKED },
    drain: {
      image: initImage,
      command: ['drain'],
      user: String(SIDECAR_UID),
      ...LOCKED,
      stop_grace_period: `${drainTimeoutS + FAREWELL_S}s`,
    },
  };
}

/** What each part has of its own, besides what it takes over from the application. */
export function partsOf(
  plan: ServicePlan,
  settings: InjectSettings,
  controlPlaneService: string | null,
): Record<Part, Service> {
  const { name } = plan;
  const inside = { network_mode: `service:${partName(name, 'network')}` };
  const controlPlane = controlPlaneService === null ? {} : { [controlPlaneService]: { condition: 'service_started' } };
  const after = (service: string, condition: string) => ({ [service]: { condition } });
  return {
    network: {},
    intercept: { ...inside, depends_on: after(partName(name, 'network'), 'service_started') },
    sidecar: {
      ...inside,
      command: sidecarCommand(plan, settings),
      volumes: sidecarVolumes(plan, settings),
      depends_on: { ...after(partName(name, 'intercept'), 'service_completed_successfully'), ...controlPlane },
    },
    ready: { ...inside, depends_on: after(partName(name, 'sidecar'), 'service_started') },
    drain: { ...inside, depends_on: after(name, 'service_started') },
  };
}

function sidecarCommand(plan: ServicePlan, settings: InjectSettings): string[] {
  const { name, services, version, protocol, port, health } = plan;
  const { controlPlane, tokens, ca, egress, drainTimeoutS } = settings;
  const addresses = controlPlane ?? [{ host: CONTROL_PLANE, port: GRPC_PORT }];
  const token = controlPlane === null ? `${STATE_DIR}/token` : tokens === null ? null : `${MOUNTS_DIR}/token`;
  return [
    'sidecar',
    ...['--control-plane', addresses.map(hostPortText).join(',')],
    ...['--workload', name],
    ...services.slice(1).flatMap((each) => ['--service', each]),
    ...(version === 'v1' ? [] : ['--workload-version', version]),
    ...(protocol === 'auto' ? [] : ['--protocol', protocol]),
    ...(port === null ? [] : ['--port', String(port)]),
    ...healthOptions(health),
    ...(egress === 'allow' ? [] : ['--egress', egress]),
    ...(drainTimeoutS === 30 ? [] : ['--drain-timeout', String(drainTimeoutS)]),
    ...(token === null ? [] : ['--token-file', token]),
    ...(ca === null ? [] : ['--ca', `${MOUNTS_DIR}/ca.pem`]),
  ];
}

function healthOptions(health: HealthCheck | null): string[] {
  if (health === null) return [];
  const { probe, intervalMs, timeoutMs, retries, startPeriodMs } = health;
  // Commands run in a container of their own, and are not the sidecar's.
  if (probe.kind === 'command') return [];
  const seconds = (option: string, ms: number) => [`--health-${option}`, String(ms / 1000)];
  return [
    ...(probe.kind === 'http' ? ['--health-path', probe.path] : ['--health-grpc', probe.service]),
    ...seconds('interval', intervalMs),
    ...seconds('timeout', timeoutMs),
    ...['--health-retries', String(retries)],
    ...(startPeriodMs === 0 ? [] : seconds('start-period', startPeriodMs)),
  ];
}

function sidecarVolumes({ name }: ServicePlan, { controlPlane, tokens, ca }: InjectSettings): string[] {
  const mounted = controlPlane !== null && tokens !== null ? [`${tokens}/${name}:${MOUNTS_DIR}/token:ro`] : [];
  const trusted = ca === null ? [] : [`${ca}:${MOUNTS_DIR}/ca.pem:ro`];
  return [`${volumeOf(name)}:${STATE_DIR}`, ...mounted, ...trusted];
}

/** Of a sidecar, by its application's name: its id, its token, its last configuration. */
export function volumeOf(service: string): string {
  return partName(service, 'sidecar');
}

/** The control plane of a file that has no other. */
export function controlPlaneService(plans: readonly ServicePlan[], { image }: InjectSettings): Service {
  return {
    image,
    command: [
      'control-plane',
      ...['--grpc', `0.0.0.0:${GRPC_PORT}`],
      // In the networks of one machine's containers; sidecars prove themselves by their tokens.
      '--insecure',
      ...['--sidecar-tokens', SIDECARS_DIR],
    ],
    environment: { OUTRIDER_APPLY: declared(plans) },
    user: String(SIDECAR_UID),
    ...LOCKED,
    restart: 'unless-stopped',
    volumes: [`${STATE_VOLUME}:${STATE_DIR}`, ...plans.map(({ name }) => `${volumeOf(name)}:${SIDECARS_DIR}/${name}`)],
  };
}

/** Names of volumes that a file needs. */
export function volumesOf(plans: readonly ServicePlan[], { controlPlane }: InjectSettings): string[] {
  return [...(controlPlane === null ? [STATE_VOLUME] : []), ...plans.map(({ name }) => volumeOf(name))];
}

/** What a control plane has to know of the services: for `outrider apply`. */
export function declaration(plans: readonly ServicePlan[]): string {
  const services = plans.map(({ name, port, extension }) => [
    name,
    {
      ...(port === null ? {} : { expose: [port] }),
      deploy: { replicas: 0 },
      ...(extension === undefined ? {} : { 'x-outrider': extension }),
    },
  ]);
  return stringify({ services: Object.fromEntries(services) }, { lineWidth: 0, aliasDuplicateObjects: false });
}

/** The same where Compose fills in variables. */
function declared(plans: readonly ServicePlan[]): string {
  return declaration(plans).replaceAll('$', '$$$$');
}
