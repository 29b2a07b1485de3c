/** TLS on either side of the proxy. envoy.extensions.transport_sockets.tls.v3. See README.md beside this file. */
import type { StringMatch } from './match.ts';
import type { SecretReference } from './secret-reference.ts';

/** A certificate chain with the key of its first certificate, as PEM text, read when the configuration is. */
export interface TlsIdentity {
  readonly chainPem: string;
  readonly keyPem: string;
}

/** TlsParameters. Null leaves the choice to OpenSSL. */
export interface TlsParametersConfig {
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  /** OpenSSL's cipher list, for TLS 1.2 and below. */
  readonly ciphers: string | null;
  /** Colon-separated. */
  readonly curves: string | null;
  readonly signatureAlgorithms: string | null;
}

export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';

/** SubjectAltNameMatcher: one of the peer's names of this kind has to fit. */
export interface SanMatch {
  readonly kind: 'email' | 'dns' | 'uri' | 'ip';
  readonly match: StringMatch;
}

/** CertificateValidationContext: whose certificates are accepted. */
export interface TlsValidationConfig {
  /** PEM text; `system` are the roots of the operating system; null verifies no chain. */
  readonly trustedCa: { readonly kind: 'pem'; readonly pem: string } | { readonly kind: 'system' } | null;
  readonly crlPem: string | null;
  /** trust_chain_verification ACCEPT_UNTRUSTED: the chain may be anybody's. */
  readonly acceptUntrusted: boolean;
  /** Base64 SHA-256 of public keys, one of which has to be the peer's. Empty: any. */
  readonly spkiHashes: readonly string[];
  /** Lower-case hexadecimal SHA-256 of certificates, likewise. */
  readonly certificateHashes: readonly string[];
  /** Empty: any name. */
  readonly sans: readonly SanMatch[];
}

/** What both sides have in common: CommonTlsContext. */
export interface TlsConfig {
  readonly certificates: readonly TlsIdentity[];
  /** Certificates that are secrets; empty where `certificates` has some. */
  readonly certificateSecrets: readonly SecretReference[];
  /** Null: the peer is not verified, unless there is a `validationSecret`, to which this is then what it adds to. */
  readonly validation: TlsValidationConfig | null;
  readonly validationSecret: SecretReference | null;
  readonly parameters: TlsParametersConfig;
  readonly alpnProtocols: readonly string[];
}

/** DownstreamTlsContext. */
export interface DownstreamTlsConfig extends TlsConfig {
  readonly requireClientCertificate: boolean;
  readonly requireSni: boolean;
  /** Sessions may be resumed by tickets. Never where client certificates are verified, which resumption would skip. */
  readonly resumption: boolean;
}

/** UpstreamTlsContext. */
export interface UpstreamTlsConfig extends TlsConfig {
  /** The server name that is asked for; empty asks for none. */
  readonly sni: string;
}
