/** Certificates and whom to trust: read and checked here, so that a bad one is refused before it is used. */
import { nodeCrypto } from '../../../kernel/lazy-crypto.ts';
import {
  type CertificateValidationContext,
  CertificateValidationContext_TrustChainVerification as ChainVerification,
  SubjectAltNameMatcher_SanType as SanType,
  type SubjectAltNameMatcher,
  type TlsCertificate,
} from '../../../protos/gen/envoy/extensions/transport_sockets/tls/v3/common.ts';
import { StringMatcher } from '../../../protos/gen/envoy/type/matcher/v3/string.ts';
import type { Path } from '../../../protos/json/issue.ts';
import type { SanMatch, TlsIdentity, TlsValidationConfig } from '../model/tls.ts';
import type { Decoding } from './decoding.ts';
import { decodeStringMatch } from './matcher-decoder.ts';
import { dataSourceText } from './values.ts';

/** Nobody is verified. */
export const NO_VALIDATION: TlsValidationConfig = {
  trustedCa: null,
  crlPem: null,
  acceptUntrusted: false,
  spkiHashes: [],
  certificateHashes: [],
  sans: [],
};

/** What is wrong with names that nobody vouches for. */
const NAMES_WITHOUT_TRUST = 'a name proves nothing without a trusted_ca that vouches for it';

const SAN_KINDS: Readonly<Record<number, SanMatch['kind']>> = {
  [SanType.EMAIL]: 'email',
  [SanType.DNS]: 'dns',
  [SanType.URI]: 'uri',
  [SanType.IP_ADDRESS]: 'ip',
};

/** The end of one certificate and the beginning of the next. */
const PEM_BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

const SHA256_HEX = /^[0-9a-f]{64}$/;
const SHA256_BASE64 = /^[0-9A-Za-z+/]{43}=$/;

/**
 * Decodes a CertificateValidationContext. `partial` is one that a secret adds to: what its names are worth is seen when
 * both are there.
 */
export function decodeValidation(
  message: CertificateValidationContext,
  path: Path,
  decoding: Decoding,
  partial = false,
): TlsValidationConfig {
  const { trustedCa, systemRootCerts, crl, matchTypedSubjectAltNames } = message;
  const sans = matchTypedSubjectAltNames.map((each, i) =>
    decodeSan(each, [...path, 'match_typed_subject_alt_names', i], decoding),
  );
  const trusted = decodeTrust(trustedCa, systemRootCerts !== undefined, path, decoding);
  if (sans.length > 0 && trusted === null && !partial)
    decoding.report([...path, 'match_typed_subject_alt_names'], NAMES_WITHOUT_TRUST);
  return {
    trustedCa: trusted,
    crlPem: crl === undefined ? null : dataSourceText(crl, [...path, 'crl'], decoding),
    acceptUntrusted: message.trustChainVerification === ChainVerification.ACCEPT_UNTRUSTED,
    spkiHashes: message.verifyCertificateSpki.map((hash, i) =>
      checked(hash, SHA256_BASE64, 'the base64 of a SHA-256', [...path, 'verify_certificate_spki', i], decoding),
    ),
    certificateHashes: message.verifyCertificateHash.map((hash, i) =>
      checked(
        hash.replaceAll(':', '').toLowerCase(),
        SHA256_HEX,
        'the 64 hexadecimal digits of a SHA-256',
        [...path, 'verify_certificate_hash', i],
        decoding,
      ),
    ),
    sans,
  };
}

function decodeTrust(
  trustedCa: CertificateValidationContext['trustedCa'],
  system: boolean,
  path: Path,
  decoding: Decoding,
): TlsValidationConfig['trustedCa'] {
  if (trustedCa === undefined) return system ? { kind: 'system' } : null;
  if (system) decoding.report([...path, 'system_root_certs'], 'system_root_certs and trusted_ca exclude each other');
  const place = [...path, 'trusted_ca'];
  const pem = dataSourceText(trustedCa, place, decoding);
  if (pem !== '') checkCertificates(pem, place, decoding);
  return { kind: 'pem', pem };
}

function decodeSan(message: SubjectAltNameMatcher, path: Path, decoding: Decoding): SanMatch {
  const kind = SAN_KINDS[message.sanType];
  if (kind === undefined)
    decoding.report([...path, 'san_type'], 'a kind of name is required: DNS, URI, EMAIL or IP_ADDRESS');
  const place = [...path, 'matcher'];
  if (message.matcher === undefined) decoding.report(place, 'matcher is required');
  return {
    kind: kind ?? 'dns',
    match: decodeStringMatch(message.matcher ?? StringMatcher.fromPartial({}), place, decoding),
  };
}

function checked(value: string, syntax: RegExp, what: string, path: Path, decoding: Decoding): string {
  if (!syntax.test(value)) decoding.report(path, `${JSON.stringify(value)} is not ${what}`);
  return value;
}

/** Decodes a TlsCertificate: certificate and key have to belong together. */
export function decodeCertificate(message: TlsCertificate, path: Path, decoding: Decoding): TlsIdentity {
  const chainPem = dataSourceText(message.certificateChain, [...path, 'certificate_chain'], decoding);
  const keyPem = dataSourceText(message.privateKey, [...path, 'private_key'], decoding);
  if (chainPem !== '' && keyPem !== '') {
    const problem = pairProblem(chainPem, keyPem);
    if (problem !== undefined) decoding.report([...path, problem.field], problem.message);
  }
  return { chainPem, keyPem };
}

function pairProblem(chainPem: string, keyPem: string): { field: string; message: string } | undefined {
  const { createPrivateKey, X509Certificate } = nodeCrypto();
  const certificate = parsedOr(() => new X509Certificate(chainPem));
  if (certificate instanceof Error)
    return { field: 'certificate_chain', message: `no certificate in PEM: ${certificate.message}` };
  const key = parsedOr(() => createPrivateKey(keyPem));
  if (key instanceof Error)
    return { field: 'private_key', message: `no unencrypted private key in PEM: ${key.message}` };
  return certificate.checkPrivateKey(key)
    ? undefined
    : { field: 'private_key', message: 'this key does not belong to the certificate' };
}

/** A bundle with one broken certificate is refused whole: nobody would notice that a root is missing. */
function checkCertificates(pem: string, path: Path, decoding: Decoding): void {
  const blocks = pem.match(PEM_BLOCK) ?? [pem];
  for (const [i, block] of blocks.entries()) {
    const certificate = parsedOr(() => new (nodeCrypto().X509Certificate)(block));
    if (certificate instanceof Error)
      decoding.report(path, `certificate ${i + 1} of ${blocks.length} cannot be read: ${certificate.message}`);
  }
}

function parsedOr<T>(parse: () => T): T | Error {
  try {
    return parse();
  } catch (error) {
    return error as Error;
  }
}
