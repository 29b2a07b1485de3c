/** TLS with the secrets that it names in the place of their names. PURE. */
import { err, ok, type Result } from '../../kernel/result.ts';
import type { SecretConfig } from './model/secret.ts';
import { type SecretReference, secretLabel } from './model/secret-reference.ts';
import type { TlsConfig, TlsIdentity, TlsValidationConfig } from './model/tls.ts';

/** Secrets by key. */
export type Secrets = ReadonlyMap<string, SecretConfig>;

/** The secrets that TLS names; none for null. */
export function secretsOf(tls: TlsConfig | null): readonly SecretReference[] {
  if (tls === null) return [];
  const { certificateSecrets, validationSecret } = tls;
  return validationSecret === null ? certificateSecrets : [...certificateSecrets, validationSecret];
}

/** TLS as it is to run; the error is a sentence that says which secret is not there, or is not what is wanted of it. */
export function resolveTls<T extends TlsConfig>(tls: T, secrets: Secrets): Result<T, string> {
  const { certificateSecrets, validationSecret } = tls;
  if (certificateSecrets.length === 0 && validationSecret === null) return ok(tls);
  const identities: TlsIdentity[] = [];
  for (const reference of certificateSecrets) {
    const secret = secrets.get(reference.key);
    if (secret?.kind !== 'certificate') return err(lacks(reference, secret, 'a certificate'));
    identities.push(secret.identity);
  }
  const certificates = [...tls.certificates, ...identities];
  if (validationSecret === null) return ok({ ...tls, certificates });
  const secret = secrets.get(validationSecret.key);
  if (secret?.kind !== 'validation') return err(lacks(validationSecret, secret, 'a validation context'));
  const validation = merged(tls.validation, secret.validation);
  if (validation.sans.length > 0 && validation.trustedCa === null)
    return err(
      `the secret ${secretLabel(validationSecret)} has no trusted_ca that vouches for the names that are asked for`,
    );
  return ok({ ...tls, certificates, validation });
}

function lacks(reference: SecretReference, found: SecretConfig | undefined, wanted: string): string {
  const label = secretLabel(reference);
  return found === undefined ? `the secret ${label} is not there` : `the secret ${label} is not ${wanted}`;
}

/** As protobuf merges messages: single values of the second win, lists are put together. */
function merged(first: TlsValidationConfig | null, second: TlsValidationConfig): TlsValidationConfig {
  if (first === null) return second;
  return {
    trustedCa: second.trustedCa ?? first.trustedCa,
    crlPem: second.crlPem ?? first.crlPem,
    acceptUntrusted: first.acceptUntrusted || second.acceptUntrusted,
    spkiHashes: [...first.spkiHashes, ...second.spkiHashes],
    certificateHashes: [...first.certificateHashes, ...second.certificateHashes],
    sans: [...first.sans, ...second.sans],
  };
}
