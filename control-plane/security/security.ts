/**
 * The security of the control plane's own ports, put together: certificates, credentials, limits, and the audit log.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { SecureContextOptions } from 'node:tls';
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import { err, ok } from '../../kernel/result.ts';
import type { Timers } from '../../kernel/timers.ts';
import type { ServerTrust, SidecarAccess } from '../orchestrator/driver/process/sidecar-access.ts';
import { type AccessEntry, parseAccessFile } from './access-file.ts';
import { AuditLog } from './audit-log.ts';
import { Authenticator, type Evidence } from './authenticator.ts';
import { FailureLimit } from './failure-limit.ts';
import { REPLICA_TOKEN_TTL_MS, ReplicaTokens } from './replica-tokens.ts';
import { ANYBODY, type Principal } from './roles.ts';
import { keptSecret } from './secret-file.ts';
import { type CertificateFiles, type ServerCertificate, serverCertificate } from './server-certificate.ts';
import { type ServiceAccountSettings, ServiceAccounts } from './service-accounts.ts';
import { newToken, tokenDigest } from './tokens.ts';
import { WatchedFiles } from './watched-files.ts';

/** How the ports are protected. */
export interface SecuritySettings {
  /** Null: plaintext. */
  readonly tls: CertificateFiles | null;
  /** Whose certificates the CLI and the sidecars of this machine trust; null: see `trustFile`. */
  readonly authorities: string | null;
  /** False: whoever reaches a port may do everything. */
  readonly authentication: boolean;
  /** Absolute. */
  readonly accessFile: string;
  /** Whose tokens count besides; null: none of a cluster. */
  readonly serviceAccounts: ServiceAccountSettings | null;
  /** Changes are refused while the audit log cannot be written. */
  readonly auditRequired: boolean;
}

/** No protection at all: for tests of other things, and for machines that nobody else is on. */
export const NO_SECURITY: SecuritySettings = {
  tls: null,
  authentication: false,
  authorities: null,
  accessFile: '/dev/null',
  serviceAccounts: null,
  auditRequired: false,
};

/** The token of the state directory's owner, an administrator. */
export const LOCAL_TOKEN_FILE = 'admin.token';
const REPLICA_KEY_FILE = 'replica-token.key';
const AUDIT_FILE = 'audit.log';

/** Files are wrong at the start; the message says which and why. */
export class SecurityError extends Error {
  override readonly name = 'SecurityError';
}

/** What it needs. */
export interface SecurityDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
}

/** See the head of this file. */
export class Security {
  readonly settings: SecuritySettings;
  readonly audit: AuditLog;
  readonly failures: FailureLimit;
  readonly replicaTokens: ReplicaTokens;
  /** Null: none of a cluster counts. */
  readonly serviceAccounts: ServiceAccounts | null;
  /** Counts by port and outcome, for metrics. */
  readonly counts = { authenticated: 0, unauthenticated: 0, forbidden: 0, foreignPage: 0 };
  readonly #clock: Clock;
  readonly #authenticator: Authenticator;
  readonly #access: WatchedFiles<readonly AccessEntry[]>;
  readonly #certificate: WatchedFiles<ServerCertificate> | null;
  readonly #onCertificate = new Set<(context: SecureContextOptions) => void>();

  /** Throws SecurityError. The state directory is there. */
  constructor(stateDir: string, settings: SecuritySettings, deps: SecurityDeps) {
    this.settings = settings;
    this.#clock = deps.clock;
    this.audit = new AuditLog(join(stateDir, AUDIT_FILE), deps);
    this.failures = new FailureLimit(deps.clock);
    const key = keptSecret(join(stateDir, REPLICA_KEY_FILE), () => randomBytes(32).toString('base64url'));
    this.replicaTokens = new ReplicaTokens(Buffer.from(key, 'base64url'));
    this.#access = watched(() => new WatchedFiles(accessFile(settings.accessFile), deps));
    this.#certificate = watched(
      () => this.#watchCertificate(deps),
      () => this.#access.close(),
    );
    const { serviceAccounts } = settings;
    this.serviceAccounts = serviceAccounts === null ? null : new ServiceAccounts(serviceAccounts, deps);
    this.#authenticator = new Authenticator({
      clock: deps.clock,
      entries: () => this.#access.value,
      replicaTokens: this.replicaTokens,
      serviceAccounts: this.serviceAccounts,
      localDigest: tokenDigest(keptSecret(join(stateDir, LOCAL_TOKEN_FILE), newToken)),
    });
  }

  /** Who it is, or why nobody. */
  authenticate(evidence: Evidence): ReturnType<Authenticator['authenticate']> {
    if (!this.settings.authentication) return ok<Principal>(ANYBODY);
    const result = this.#authenticator.authenticate(evidence);
    if (result.ok) this.counts.authenticated++;
    else this.counts.unauthenticated++;
    return result;
  }

  /** The certificate in use; null: plaintext. */
  get certificate(): ServerCertificate | null {
    return this.#certificate?.value ?? null;
  }

  /** Calls `listener` with every new certificate. */
  watchCertificate(listener: (context: SecureContextOptions) => void): void {
    this.#onCertificate.add(listener);
  }

  /** Null: there is nothing to verify, the ports are plaintext. */
  get trust(): ServerTrust | null {
    const { certificate } = this;
    const { tls, authorities } = this.settings;
    if (certificate === null || tls === null) return null;
    const { name, selfSigned } = certificate;
    return {
      authorities: authorities ?? (selfSigned ? tls.certificate : null),
      name: name?.kind === 'dns' || name?.kind === 'ip' ? { kind: name.kind, value: name.value } : null,
    };
  }

  /** For the driver. */
  get sidecarAccess(): SidecarAccess {
    return {
      mintToken: (replica) => this.replicaTokens.mint(replica, this.#clock.wallMs()),
      tokenTtlMs: REPLICA_TOKEN_TTL_MS,
      trust: () => this.trust,
    };
  }

  /** Files that are read again, for metrics. */
  get files(): readonly Pick<WatchedFiles<unknown>, 'what' | 'broken' | 'loads' | 'refused'>[] {
    return this.#certificate === null ? [this.#access] : [this.#access, this.#certificate];
  }

  close(): void {
    this.#access.close();
    this.#certificate?.close();
    this.serviceAccounts?.close();
    this.audit.close();
  }

  #watchCertificate(deps: SecurityDeps): WatchedFiles<ServerCertificate> | null {
    const { tls } = this.settings;
    if (tls === null) return null;
    const { certificate, key, clientAuthorities } = tls;
    const options = {
      what: 'the certificate',
      paths: [certificate, key, ...(clientAuthorities === null ? [] : [clientAuthorities])],
      read: (texts: readonly (string | null)[]) => serverCertificate(tls, texts, deps.clock),
      onChange: ({ context }: ServerCertificate) => {
        for (const listener of this.#onCertificate) listener(context);
      },
    };
    return new WatchedFiles(options, deps);
  }
}

/** One that is missing lets nobody in but the owner of the state directory. */
function accessFile(path: string) {
  return {
    what: 'the access file',
    paths: [path],
    read: ([text = null]: readonly (string | null)[]) => {
      const parsed = parseAccessFile(text ?? '');
      return parsed.ok ? parsed : err(`${path}: ${parsed.error.join('; ')}`);
    },
  };
}

/** `undo` closes what was begun before. */
function watched<T>(make: () => T, undo: () => void = () => {}): T {
  try {
    return make();
  } catch (cause) {
    undo();
    throw new SecurityError((cause as Error).message, { cause });
  }
}
