/**
 * Tokens of Kubernetes ServiceAccounts, as the kubelet gives them to pods: JSON Web Tokens (RFC 7519) that the API server
 * has signed, for one audience and an hour. They are verified here, by the cluster's public keys (RFC 7517), so that a
 * sidecar can connect while the API server cannot be reached. PURE.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { err, ok, type Result } from '../../kernel/result.ts';

/** Whose a token is. */
export interface ServiceAccountIdentity {
  readonly namespace: string;
  readonly name: string;
  /** The pod that it was given to; null: it is no pod's. */
  readonly pod: string | null;
}

/** What a cluster signs with. */
export interface ClusterKeys {
  readonly issuer: string;
  /** By key id. */
  readonly keys: ReadonlyMap<string, KeyObject>;
}

/** Clocks of API server and control plane may differ by so much. */
const SKEW_MS = 60_000;
const SUBJECT = /^system:serviceaccount:([a-z0-9-]+):([a-z0-9.-]+)$/;
/** Algorithms of Kubernetes (RFC 7518), with the kind of key that each wants: a token does not choose how it is read. */
const ALGORITHMS: Readonly<Record<string, readonly [hash: string, key: 'rsa' | 'ec']>> = {
  RS256: ['sha256', 'rsa'],
  RS384: ['sha384', 'rsa'],
  RS512: ['sha512', 'rsa'],
  ES256: ['sha256', 'ec'],
  ES384: ['sha384', 'ec'],
  ES512: ['sha512', 'ec'],
};

/** Whether it looks like one; whose else it could be is not asked then. */
export function isJsonWebToken(token: string): boolean {
  return /^eyJ[\w-]*\.[\w-]+\.[\w-]+$/.test(token);
}

/** The id of the key that it names; undefined when it names none. */
export function keyIdOf(token: string): string | undefined {
  const { kid } = part(token, 0);
  return typeof kid === 'string' ? kid : undefined;
}

/** Whose the token is, or why it does not count. */
export function readServiceAccountToken(
  token: string,
  audience: string,
  { issuer, keys }: ClusterKeys,
  wallMs: number,
): Result<ServiceAccountIdentity, string> {
  const { alg } = part(token, 0);
  const algorithm = typeof alg === 'string' ? ALGORITHMS[alg] : undefined;
  if (algorithm === undefined) return err('the ServiceAccount token is signed in a way that Kubernetes does not use');
  const key = keys.get(keyIdOf(token) ?? '');
  if (key === undefined) return err('the ServiceAccount token is signed by a key that the cluster does not have');
  const [hash, type] = algorithm;
  const [header, payload, signature = ''] = token.split('.');
  const isGenuine =
    key.asymmetricKeyType === type &&
    verify(
      hash,
      Buffer.from(`${header}.${payload}`),
      { key, dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature, 'base64url'),
    );
  if (!isGenuine) return err('the signature of the ServiceAccount token is wrong');
  return identityOf(part(token, 1), audience, issuer, wallMs);
}

function identityOf(
  claims: Readonly<Record<string, unknown>>,
  audience: string,
  issuer: string,
  wallMs: number,
): Result<ServiceAccountIdentity, string> {
  const { iss, aud, exp, nbf, sub, 'kubernetes.io': bound } = claims;
  if (iss !== issuer) return err(`the ServiceAccount token is of issuer ${JSON.stringify(iss)}, not ${issuer}`);
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (!audiences.includes(audience))
    return err(`the ServiceAccount token is for ${JSON.stringify(aud)}, and not for "${audience}"`);
  if (typeof exp !== 'number') return err('the ServiceAccount token does not expire');
  if (wallMs >= exp * 1000) return err(`the ServiceAccount token expired at ${new Date(exp * 1000).toISOString()}`);
  if (typeof nbf === 'number' && wallMs < nbf * 1000 - SKEW_MS) return err('the ServiceAccount token is not good yet');
  const [, namespace, name] = SUBJECT.exec(String(sub)) ?? [];
  if (namespace === undefined || name === undefined) return err('the token is no ServiceAccount’s');
  const { pod } = (bound ?? {}) as { readonly pod?: { readonly name?: unknown } | null };
  return ok({ namespace, name, pod: typeof pod?.name === 'string' ? pod.name : null });
}

/** One part of it; without fields when it is no JSON object. */
function part(token: string, index: number): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** The keys of a JSON Web Key Set; what is none, or for something else, is left out. */
export function keysOfSet(set: unknown): Map<string, KeyObject> {
  const { keys } = (set ?? {}) as { readonly keys?: unknown };
  const found = new Map<string, KeyObject>();
  for (const each of (Array.isArray(keys) ? keys : []) as readonly Record<string, unknown>[]) {
    if (typeof each?.kid !== 'string' || (each.use ?? 'sig') !== 'sig') continue;
    try {
      found.set(each.kid, createPublicKey({ key: each as never, format: 'jwk' }));
    } catch {}
  }
  return found;
}
