/**
 * Who is it? From what was sent with a request, or with a stream, to a principal. The same for REST and gRPC.
 */
import type { X509Certificate } from 'node:crypto';
import type { Clock } from '../../kernel/clock.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import { subjectNames } from '../../kernel/subject-names.ts';
import { podNodeId } from '../../protos/contract/names.ts';
import { parseWorkloadId } from '../../protos/contract/workload-id.ts';
import type { AccessEntry, Credential } from './access-file.ts';
import type { ReplicaTokens } from './replica-tokens.ts';
import type { Principal } from './roles.ts';
import { isJsonWebToken, type ServiceAccountIdentity } from './service-account-tokens.ts';
import { sameDigest, tokenDigest } from './tokens.ts';

/** What somebody has shown. */
export interface Evidence {
  readonly token: string | null;
  /** Vouched for by the authority of clients; null for none, and for one that is not. */
  readonly certificate: X509Certificate | null;
}

/** What is known. */
export interface AuthenticatorDeps {
  readonly clock: Pick<Clock, 'wallMs'>;
  /** The entries of the access file now. */
  readonly entries: () => readonly AccessEntry[];
  readonly replicaTokens: ReplicaTokens;
  /** Those of a cluster; null: none counts. */
  readonly serviceAccounts: { read(token: string): Result<ServiceAccountIdentity, string> } | null;
  /** Of the token in the state directory. */
  readonly localDigest: Uint8Array;
}

const LOCAL: Principal = { name: 'local', grant: 'administer', credential: 'local token', binding: null };

/** See the head of this file. */
export class Authenticator {
  readonly #deps: AuthenticatorDeps;

  constructor(deps: AuthenticatorDeps) {
    this.#deps = deps;
  }

  /** The principal, or a sentence's second half: why nobody is known by this. A token counts before a certificate. */
  authenticate({ token, certificate }: Evidence): Result<Principal, string> {
    if (token !== null) return this.#byToken(token);
    if (certificate !== null) return this.#byCertificate(certificate);
    return err('no token was sent, and no client certificate that this control plane trusts');
  }

  #byToken(token: string): Result<Principal, string> {
    const { clock, entries, replicaTokens, serviceAccounts, localDigest } = this.#deps;
    const replica = replicaTokens.read(token, clock.wallMs());
    if (replica !== undefined) {
      if (!replica.ok) return replica;
      const { id, workload, services } = replica.value;
      return ok({
        name: id ?? workload,
        grant: 'workload',
        credential: 'replica token',
        binding: { workload, services, nodeId: id },
      });
    }
    if (serviceAccounts !== null && isJsonWebToken(token)) {
      const account = serviceAccounts.read(token);
      return account.ok ? this.#byServiceAccount(account.value) : account;
    }
    const digest = tokenDigest(token);
    // All are looked at, so that the time tells nothing of where one stands.
    let found: AccessEntry | undefined;
    for (const entry of entries()) {
      const { credential } = entry;
      if (credential.kind === 'token' && sameDigest(credential.digest, digest)) found = entry;
    }
    if (sameDigest(localDigest, digest)) return ok(LOCAL);
    return found === undefined ? err('the token is not known') : this.#granted(found, 'token', found.workload);
  }

  #byServiceAccount({ namespace, name, pod }: ServiceAccountIdentity): Result<Principal, string> {
    let refusal: Result<Principal, string> = err(
      `no line of the access file is for ServiceAccount ${name} of namespace ${namespace}`,
    );
    for (const entry of this.#deps.entries()) {
      const { credential } = entry;
      if (credential.kind !== 'service-account' || credential.namespace !== namespace) continue;
      if (credential.account !== null && credential.account !== name) continue;
      const workload = entry.workload ?? name;
      const nodeId = pod === null ? null : podNodeId({ workload, pod, namespace });
      const granted = this.#granted(entry, 'service account', workload, nodeId);
      if (granted.ok) return granted;
      refusal = granted;
    }
    return refusal;
  }

  #byCertificate(certificate: X509Certificate): Result<Principal, string> {
    const names = namesOf(certificate);
    let expired: Result<Principal, string> | undefined;
    for (const entry of this.#deps.entries()) {
      const match = matched(entry.credential, names);
      if (match === undefined) continue;
      const granted = this.#granted(entry, 'certificate', match.workload ?? entry.workload);
      if (granted.ok) return granted;
      expired = granted;
    }
    const shown = names.map(({ kind, value }) => `${kind}:${value}`).join(', ') || 'none';
    return expired ?? err(`no line of the access file is for the client certificate (its names: ${shown})`);
  }

  #granted(
    entry: AccessEntry,
    credential: Principal['credential'],
    workload: string | null,
    nodeId: string | null = null,
  ): Result<Principal, string> {
    const { name, grant, expiresAtMs, services } = entry;
    if (expiresAtMs !== null && this.#deps.clock.wallMs() >= expiresAtMs)
      return err(`the credential of "${name}" expired at ${new Date(expiresAtMs).toISOString()}`);
    if (grant !== 'workload' || workload === null) return ok({ name, grant, credential, binding: null });
    return ok({ name, grant, credential, binding: { workload, services, nodeId } });
  }
}

interface CertificateName {
  readonly kind: string;
  readonly value: string;
}

/** The common names and the subject alternative names. */
function namesOf({ subject, subjectAltName }: X509Certificate): CertificateName[] {
  // One attribute a line; a line feed inside a value is escaped.
  const common = (subject ?? '').split('\n').flatMap((line) => /^CN=(.*)$/.exec(line)?.[1] ?? []);
  return [...common.map((value) => ({ kind: 'cn', value })), ...subjectNames(subjectAltName)];
}

/** What of the certificate the credential asks for; undefined when it is not there. */
function matched(credential: Credential, names: readonly CertificateName[]): { workload: string | null } | undefined {
  switch (credential.kind) {
    case 'token':
    case 'service-account':
      return undefined;
    case 'certificate': {
      const { field, value } = credential;
      return names.some((name) => name.kind === field && name.value === value) ? { workload: null } : undefined;
    }
    case 'spiffe':
      for (const { kind, value } of names) {
        const id = kind === 'uri' ? parseWorkloadId(value) : undefined;
        if (id?.trustDomain === credential.trustDomain && id.namespace === credential.namespace)
          return { workload: id.workload };
      }
      return undefined;
  }
}
