/**
 * What every pod of a cluster is injected with: the injector's settings file.
 *
 *   image: outrider:0.1.0
 *   interceptImage: outrider-init:0.1.0
 *   controlPlane: [outrider-control-plane.outrider-system.svc:15010]
 *   ca: |
 *     -----BEGIN CERTIFICATE-----
 */
import { parse } from 'yaml';
import { nearest } from '../../kernel/edit-distance.ts';
import { parseHostPort } from '../../kernel/host-port.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { ServerAddress } from '../translate/control-plane-cluster.ts';

/** See the head of this file. */
export interface InjectionSettings {
  /** Of the sidecar. */
  readonly image: string;
  /** The same, with nft or iptables. */
  readonly interceptImage: string;
  readonly imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  /** Where control planes' gRPC servers are, at least one. */
  readonly controlPlane: readonly ServerAddress[];
  /** Authorities of the control plane's certificate, PEM; null: it speaks plaintext. */
  readonly ca: string | null;
  /** For whom the pod's ServiceAccount token is made; null: the sidecar shows none. */
  readonly audience: string | null;
  /** Whether names are resolved by the sidecar; default true. */
  readonly dns: boolean;
  /** Whether pods have IPv6. */
  readonly ipv6: boolean;
  /** `resources` of the sidecar. */
  readonly resources: Resources;
}

/** Kubernetes quantities. */
export interface Resources {
  readonly requests: Readonly<Record<string, string>>;
  readonly limits: Readonly<Record<string, string>>;
}

/**
 * DEFAULT: an idle sidecar has 60 to 80 MB. No limit of CPU: a sidecar that is throttled delays every request of its
 * application.
 */
const RESOURCES: Resources = { requests: { cpu: '50m', memory: '96Mi' }, limits: { memory: '512Mi' } };
/** DEFAULT: the name by which the control plane asks for its tokens. */
export const AUDIENCE = 'outrider';

const FIELDS = [
  'image',
  'interceptImage',
  'imagePullPolicy',
  'controlPlane',
  'ca',
  'audience',
  'dns',
  'ipv6',
  'resources',
];
const POLICIES = ['Always', 'IfNotPresent', 'Never'];

/** Reads the file. The error has everything that is wrong, a line each. */
export function parseInjectionSettings(text: string): Result<InjectionSettings, string> {
  let value: unknown;
  try {
    value = parse(text);
  } catch (cause) {
    return err(`it is no YAML: ${(cause as Error).message.split('\n')[0]}`);
  }
  if (!isObject(value)) return err('it must be an object with image, interceptImage and controlPlane');
  const problems: string[] = [];
  for (const name of Object.keys(value)) {
    const near = nearest(name, FIELDS);
    if (!FIELDS.includes(name))
      problems.push(`there is no field ${name}${near === undefined ? '' : `; did you mean ${near}?`}`);
  }
  const { image, interceptImage, imagePullPolicy, ca, audience, dns, ipv6, resources } = value;
  for (const [name, each] of Object.entries({ image, interceptImage }))
    if (typeof each !== 'string' || each === '') problems.push(`${name} must be the name of an image`);
  const controlPlane = addresses(value.controlPlane);
  if (controlPlane === null) problems.push('controlPlane must be a list of HOST:PORT, at least one');
  if (imagePullPolicy !== undefined && !POLICIES.includes(imagePullPolicy as string))
    problems.push(`imagePullPolicy must be one of ${POLICIES.join(', ')}`);
  if (ca != null && !(typeof ca === 'string' && ca.includes('-----BEGIN CERTIFICATE-----')))
    problems.push('ca must be certificates in PEM, or null');
  if (audience != null && (typeof audience !== 'string' || audience === ''))
    problems.push('audience must be a text, or null');
  for (const [name, each] of Object.entries({ dns, ipv6 }))
    if (each !== undefined && typeof each !== 'boolean') problems.push(`${name} must be true or false`);
  if (resources !== undefined && !isResources(resources))
    problems.push('resources must have requests and limits, such as {requests: {cpu: 50m}, limits: {memory: 512Mi}}');
  if (problems.length > 0) return err(problems.join('\n'));
  return ok({
    image: image as string,
    interceptImage: interceptImage as string,
    imagePullPolicy: (imagePullPolicy as InjectionSettings['imagePullPolicy'] | undefined) ?? 'IfNotPresent',
    controlPlane: controlPlane!,
    ca: (ca as string | null | undefined) ?? null,
    audience: audience === undefined ? AUDIENCE : (audience as string | null),
    dns: dns !== false,
    ipv6: ipv6 === true,
    resources: (resources as Resources | undefined) ?? RESOURCES,
  });
}

function addresses(value: unknown): ServerAddress[] | null {
  if (!Array.isArray(value) || value.length === 0) return null;
  const parsed = value.map((each) => (typeof each === 'string' ? parseHostPort(each) : null));
  return parsed.every((each) => each !== null && each.port !== 0) ? (parsed as ServerAddress[]) : null;
}

function isResources(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { requests, limits, ...rest } = value;
  return Object.keys(rest).length === 0 && [requests, limits].every(isQuantities);
}

function isQuantities(value: unknown): boolean {
  return isObject(value) && Object.values(value).every((each) => typeof each === 'string');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
