/**
 * What somebody without a sidecar says when it registers, as an identity, or what is wrong with it.
 */
import { isIP } from 'node:net';
import { nearest } from '../../kernel/edit-distance.ts';
import { parseDurationMs } from '../policy/values.ts';
import { identityProblem } from '../registry/identity-problem.ts';
import type { Health, InstanceCheck, InstanceIdentity, Renewal } from '../registry/instance.ts';
import { type Protocol, protocolOf, type State } from '../state/model.ts';
import { servicesOf } from '../state/queries.ts';
import { ApiError } from './errors.ts';

/** The body of PUT /v1/instances/:id. */
export interface InstanceBody {
  readonly service: string;
  readonly address: string;
  readonly port: number;
  readonly protocol?: string;
  readonly weight?: number;
  readonly version?: string;
  readonly region?: string;
  readonly zone?: string;
  readonly subZone?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly ttl?: string;
  readonly health?: Exclude<Health, 'unknown'>;
  readonly check?: {
    readonly kind?: InstanceCheck['kind'];
    readonly path?: string;
    readonly interval?: string;
    readonly timeout?: string;
  };
  /** Of the lease that is to go on, also in another process or at another address. */
  readonly leaseId?: string;
}

const text = (description: string) => ({ type: 'string', maxLength: 256, description }) as const;

/** Its schema. */
export const instanceBody = {
  type: 'object',
  required: ['service', 'address', 'port'],
  additionalProperties: false,
  properties: {
    service: text('A service of the desired state.'),
    address: text('An IP address at which sidecars reach it.'),
    port: { type: 'integer', minimum: 1, maximum: 65_535 },
    protocol: {
      type: 'string',
      enum: ['http', 'http2', 'grpc', 'tcp'],
      description: "The service's by default; http is HTTP/1.1.",
    },
    weight: { type: 'integer', minimum: 1, maximum: 1_000_000, description: '100 by default.' },
    version: text('v1 by default.'),
    region: text('Of its locality.'),
    zone: text('Of its locality.'),
    subZone: text('Of its locality.'),
    metadata: { type: 'object', maxProperties: 64, additionalProperties: { type: 'string', maxLength: 256 } },
    ttl: {
      type: 'string',
      maxLength: 16,
      description: 'How long it is kept without a renewal: 5s to 24h, 30s by default.',
    },
    health: { type: 'string', enum: ['healthy', 'unhealthy'], description: 'healthy by default.' },
    check: {
      type: 'object',
      additionalProperties: false,
      description: 'What the sidecars of its callers ask it, each for itself; the same for all instances of a service.',
      properties: {
        kind: { type: 'string', enum: ['http', 'grpc', 'tcp'], description: 'http by default.' },
        path: { type: 'string', pattern: '^/[!-~]*$', maxLength: 256, description: '/ by default.' },
        interval: { type: 'string', maxLength: 16, description: '5s by default.' },
        timeout: { type: 'string', maxLength: 16, description: '1s by default.' },
      },
    },
    leaseId: text('Of the lease that is to go on.'),
  },
} as const;

/** What comes of a body. */
export interface ReadInstance {
  readonly identity: Omit<InstanceIdentity, 'incarnation'>;
  readonly renewal: Renewal;
  readonly health: Health;
}

const TTL_MS = { min: 5_000, max: 86_400_000, default: 30_000 };
const CHECK_INTERVAL_MS = { min: 100, max: 3_600_000, default: 5_000 };
const CHECK_TIMEOUT_MS = { min: 10, max: 60_000, default: 1_000 };

/** What may be asked of what an instance speaks, the default first. */
const SPOKEN: Readonly<Record<Protocol, readonly string[]>> = {
  auto: ['http'],
  http: ['http'],
  http2: ['http2', 'grpc'],
  grpc: ['grpc', 'http2'],
  tcp: ['tcp'],
};

/** Reads a body; throws an ApiError with the place that is wrong. */
export function readInstance(id: string, body: InstanceBody, state: State): ReadInstance {
  const { service, address, port } = body;
  const services = servicesOf(state);
  const members = services.get(service);
  if (members === undefined)
    throw wrong('not_found', 'service', `there is no service "${service}"`, nearest(service, services.keys()));
  const addressProblem = whatIsWrongWith(address);
  if (addressProblem !== undefined) throw wrong('invalid', 'address', addressProblem);
  const spoken = SPOKEN[protocolOf(members)];
  const {
    protocol = spoken[0]!,
    version = 'v1',
    region = '',
    zone = '',
    subZone = '',
    weight = 0,
    metadata = {},
  } = body;
  if (!spoken.includes(protocol)) {
    const message = `protocol is ${protocol}, and service "${service}" speaks ${protocolOf(members)}: it must be ${spoken.join(' or ')}`;
    throw wrong('invalid', 'protocol', message);
  }
  const place = { region, zone, subZone, address, port };
  const identity = {
    id,
    workload: members[0]!.name,
    services: [service],
    version,
    ...place,
    protocol,
    weight,
    metadata,
  };
  const problem = identityProblem({ ...identity, incarnation: '' });
  if (problem !== undefined) throw wrong('invalid', 'instance', problem);
  const ttlMs = durationOf('ttl', body.ttl, TTL_MS);
  return { identity, renewal: { ttlMs, check: checkOf(body, protocol) }, health: body.health ?? 'healthy' };
}

/** Names and patterns lead nowhere: sidecars and DNS need an address that can be called. */
function whatIsWrongWith(address: string): string | undefined {
  if (isIP(address) === 0) return `address is "${address.slice(0, 80)}": it must be an IP address, such as 10.0.0.7`;
  if (address === '0.0.0.0' || address === '::')
    return `address is ${address}, which is no place: name the one that others reach`;
  if (/^(22[4-9]|23\d)\./.test(address) || /^ff/i.test(address))
    return `address is ${address}, which is many places: name one`;
  return undefined;
}

function checkOf({ check }: InstanceBody, protocol: string): InstanceCheck | null {
  if (check === undefined) return null;
  const allowed = protocol === 'http' ? ['http', 'tcp'] : protocol === 'grpc' ? ['grpc', 'tcp'] : ['tcp'];
  const { kind = allowed[0] as InstanceCheck['kind'], path } = check;
  if (!allowed.includes(kind))
    throw wrong(
      'invalid',
      'check.kind',
      `check.kind is ${kind}: what speaks ${protocol} is asked by ${allowed.join(' or ')}`,
    );
  if (path !== undefined && kind !== 'http')
    throw wrong('invalid', 'check.path', `check.path means something with kind http alone`);
  const intervalMs = durationOf('check.interval', check.interval, CHECK_INTERVAL_MS);
  const timeoutMs = durationOf('check.timeout', check.timeout, CHECK_TIMEOUT_MS);
  return { kind, path: kind === 'http' ? (path ?? '/') : '', intervalMs, timeoutMs };
}

function durationOf(path: string, written: string | undefined, { min, max, default: other }: typeof TTL_MS): number {
  if (written === undefined) return other;
  const ms = parseDurationMs(written);
  if (ms !== null && ms >= min && ms <= max) return ms;
  throw wrong('invalid', path, `${path} is "${written}": it must be a duration from ${min / 1000}s to ${max / 1000}s`);
}

function wrong(code: 'invalid' | 'not_found', path: string, message: string, suggestion?: string): ApiError {
  return new ApiError(code, message, [{ path, message, ...(suggestion === undefined ? {} : { suggestion }) }]);
}
