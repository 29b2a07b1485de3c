/**
 * Tokens of replicas: what the control plane itself gives each sidecar, by its driver or in a folder. They say themselves whose they are, and are
 * signed, so that none has to be kept, and a control plane that starts again knows those that run:
 *
 *   orp1.<base64url of JSON {id, workload, services, expiresAtMs}>.<base64url of HMAC-SHA256>
 */
import { createHmac } from 'node:crypto';
import { err, ok, type Result } from '../../kernel/result.ts';
import { sameDigest } from './tokens.ts';

/** Whose a token is. */
export interface ReplicaIdentity {
  /** The xDS node id; null: any that fits the workload. */
  readonly id: string | null;
  readonly workload: string;
  /** Null: those that the desired state gives the workload. */
  readonly services: readonly string[] | null;
}

const PREFIX = 'orp1.';
/** A token that was taken from a replica that is gone is worth no more after this. */
export const REPLICA_TOKEN_TTL_MS = 24 * 3600 * 1000;

/** Signs and reads them with one key. */
export class ReplicaTokens {
  readonly #key: Uint8Array;

  /** `key` is 32 random bytes. */
  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** A token that is good from now on for REPLICA_TOKEN_TTL_MS. */
  mint({ id, workload, services }: ReplicaIdentity, wallMs: number): string {
    const claims = { id, workload, services, expiresAtMs: wallMs + REPLICA_TOKEN_TTL_MS };
    const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
    return `${PREFIX}${payload}.${this.#sign(payload).toString('base64url')}`;
  }

  /** Whose the token is, or why it does not count; undefined when it is none of these. */
  read(token: string, wallMs: number): Result<ReplicaIdentity, string> | undefined {
    if (!token.startsWith(PREFIX)) return undefined;
    const [payload = '', signature = ''] = token.slice(PREFIX.length).split('.');
    if (!sameDigest(this.#sign(payload), Buffer.from(signature, 'base64url')))
      return err('the token was not made by this control plane');
    // We have signed it, so it is what we wrote.
    const { expiresAtMs, ...identity } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as ReplicaIdentity & {
      readonly expiresAtMs: number;
    };
    if (wallMs >= expiresAtMs)
      return err(`the token of ${identity.id ?? identity.workload} expired at ${new Date(expiresAtMs).toISOString()}`);
    return ok(identity);
  }

  #sign(payload: string): Buffer {
    return createHmac('sha256', this.#key).update(payload).digest();
  }
}
