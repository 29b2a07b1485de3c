/**
 * Whether a peer's certificate is one that the configuration accepts (CertificateValidationContext). OpenSSL has looked
 * at the chain already and says what it found; everything else is looked at here, once per handshake.
 */
import { createHash, type X509Certificate } from 'node:crypto';
import { type SubjectName, subjectNames } from '../../../kernel/subject-names.ts';
import type { SanMatch, TlsValidationConfig } from '../../config/model/tls.ts';

/** Why a peer is refused: which of Envoy's `ssl` statistics counts it, and the end of a sentence. */
export interface PeerRefusal {
  readonly kind: 'no-certificate' | 'chain' | 'name' | 'hash';
  readonly reason: string;
}

/** Tests one value; compiled from a StringMatch. */
type Test = (value: string) => boolean;

export class PeerVerifier {
  readonly #config: TlsValidationConfig;
  readonly #names: readonly { readonly kind: SanMatch['kind']; readonly test: Test; readonly exact: string | null }[];
  /** A chain is asked for at all. */
  readonly #chained: boolean;

  /** `compile` makes a test of a string match: routing's, handed in. */
  constructor(config: TlsValidationConfig, compile: (match: SanMatch['match']) => Test) {
    this.#config = config;
    this.#names = config.sans.map(({ kind, match }) => ({
      kind,
      test: compile(match),
      exact: match.kind === 'exact' ? match.value.toLowerCase() : null,
    }));
    this.#chained = config.trustedCa !== null && !config.acceptUntrusted;
  }

  /** `chainError` is OpenSSL's word for what is wrong with the chain, or null. Null when the peer is accepted. */
  verify(certificate: X509Certificate | null, chainError: string | null): PeerRefusal | null {
    if (certificate === null) return { kind: 'no-certificate', reason: 'it sent no certificate' };
    if (this.#chained && chainError !== null)
      return { kind: 'chain', reason: `its certificate is not trusted: ${chainError}` };
    return this.#verifyHash(certificate) ?? this.#verifyName(certificate);
  }

  #verifyHash(certificate: X509Certificate): PeerRefusal | null {
    const { certificateHashes, spkiHashes } = this.#config;
    if (certificateHashes.length === 0 && spkiHashes.length === 0) return null;
    if (certificateHashes.includes(createHash('sha256').update(certificate.raw).digest('hex'))) return null;
    const publicKey = certificate.publicKey.export({ type: 'spki', format: 'der' });
    if (spkiHashes.includes(createHash('sha256').update(publicKey).digest('base64'))) return null;
    return { kind: 'hash', reason: 'its certificate is not one of those listed by hash' };
  }

  #verifyName(certificate: X509Certificate): PeerRefusal | null {
    if (this.#names.length === 0) return null;
    const names = subjectNames(certificate.subjectAltName);
    for (const wanted of this.#names) {
      for (const name of names) {
        if (name.kind === wanted.kind && (wanted.test(name.value) || fitsWildcard(name, wanted.exact))) return null;
      }
    }
    const has = names.map(({ value }) => value).join(', ') || 'none';
    return { kind: 'name', reason: `none of its names is accepted (it has: ${has})` };
  }
}

/** A certificate for `*.example.com` is one for `a.example.com` (RFC 6125 section 6.4.3), as in Envoy. */
function fitsWildcard({ kind, value }: SubjectName, exact: string | null): boolean {
  if (exact === null || kind !== 'dns' || !value.startsWith('*.')) return false;
  const dot = exact.indexOf('.');
  return dot > 0 && exact.slice(dot) === value.slice(1).toLowerCase();
}
