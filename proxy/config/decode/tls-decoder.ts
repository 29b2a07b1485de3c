/** TLS on both sides: certificates are read and checked here, so that a bad one is refused before it is used. */
import { nodeCrypto } from '../../../kernel/lazy-crypto.ts';
import {
  type CertificateValidationContext,
  CertificateValidationContext_TrustChainVerification as ChainVerification,
  TlsParameters_TlsProtocol as Protocol,
  SubjectAltNameMatcher_SanType as SanType,
  type SubjectAltNameMatcher,
  type TlsCertificate,
  type TlsParameters,
} from '../../../protos/gen/envoy/extensions/transport_sockets/tls/v3/common.ts';
import type {
  CommonTlsContext,
  DownstreamTlsContext,
  UpstreamTlsContext,
} from '../../../protos/gen/envoy/extensions/transport_sockets/tls/v3/tls.ts';
import { StringMatcher } from '../../../protos/gen/envoy/type/matcher/v3/string.ts';
import type { Path } from '../../../protos/json/issue.ts';
import type {
  DownstreamTlsConfig,
  SanMatch,
  TlsConfig,
  TlsIdentity,
  TlsParametersConfig,
  TlsValidationConfig,
  TlsVersion,
  UpstreamTlsConfig,
} from '../model/tls.ts';
import type { Decoding } from './decoding.ts';
import { decodeStringMatch } from './matcher-decoder.ts';
import { dataSourceText } from './values.ts';

const VERSIONS: Readonly<Record<number, TlsVersion>> = {
  [Protocol.TLSv1_0]: 'TLSv1',
  [Protocol.TLSv1_1]: 'TLSv1.1',
  [Protocol.TLSv1_2]: 'TLSv1.2',
  [Protocol.TLSv1_3]: 'TLSv1.3',
};

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

/** Decodes a DownstreamTlsContext. */
export function decodeDownstreamTls(
  message: DownstreamTlsContext,
  path: Path,
  decoding: Decoding,
): DownstreamTlsConfig {
  const place = [...path, 'common_tls_context'];
  const common = decodeCommon(message.commonTlsContext, place, decoding);
  if (common.certificates.length === 0)
    decoding.report([...place, 'tls_certificates'], 'a server needs at least one certificate');
  const requireClientCertificate = message.requireClientCertificate ?? false;
  if (requireClientCertificate && common.validation === null) {
    decoding.report(
      [...path, 'require_client_certificate'],
      'nothing says which client certificates are accepted; give common_tls_context.validation_context a trusted_ca',
    );
  }
  const stateless = message.sessionTicketKeysType?.$case === 'disableStatelessSessionResumption';
  return {
    ...common,
    requireClientCertificate,
    requireSni: message.requireSni ?? false,
    resumption: common.validation === null && !(stateless && message.sessionTicketKeysType?.value === true),
  };
}

/** Decodes an UpstreamTlsContext. */
export function decodeUpstreamTls(message: UpstreamTlsContext, path: Path, decoding: Decoding): UpstreamTlsConfig {
  const place = [...path, 'common_tls_context'];
  const common = decodeCommon(message.commonTlsContext, place, decoding);
  if (common.certificates.length > 1)
    decoding.report([...place, 'tls_certificates'], `${common.certificates.length} certificates; a client has one`);
  return { ...common, sni: message.sni };
}

function decodeCommon(common: CommonTlsContext | undefined, place: Path, decoding: Decoding): TlsConfig {
  const validation = common?.validationContextType;
  return {
    certificates: (common?.tlsCertificates ?? []).map((each, i) =>
      decodeCertificate(each, [...place, 'tls_certificates', i], decoding),
    ),
    validation:
      validation?.$case === 'validationContext'
        ? decodeValidation(validation.value, [...place, 'validation_context'], decoding)
        : null,
    parameters: decodeParameters(common?.tlsParams, [...place, 'tls_params'], decoding),
    alpnProtocols: common?.alpnProtocols ?? [],
  };
}

/** TLS 1.2 is the oldest that is spoken by default, on both sides; Envoy's clients stop at 1.2, ours go on to 1.3. */
function decodeParameters(params: TlsParameters | undefined, path: Path, decoding: Decoding): TlsParametersConfig {
  const minVersion = VERSIONS[params?.tlsMinimumProtocolVersion ?? Protocol.TLS_AUTO] ?? 'TLSv1.2';
  const maxVersion = VERSIONS[params?.tlsMaximumProtocolVersion ?? Protocol.TLS_AUTO] ?? 'TLSv1.3';
  if (minVersion > maxVersion) {
    decoding.report(
      [...path, 'tls_minimum_protocol_version'],
      `${minVersion} is newer than the maximum, ${maxVersion}: no connection could be made`,
    );
  }
  return {
    minVersion,
    maxVersion,
    // Envoy groups ciphers of equal preference in brackets, which OpenSSL does not know.
    ciphers: joined(params?.cipherSuites.map((each) => each.replace(/^\[(.*)\]$/, '$1').replaceAll('|', ':'))),
    curves: joined(params?.ecdhCurves),
    signatureAlgorithms: joined(params?.signatureAlgorithms),
  };
}

function joined(list: readonly string[] | undefined): string | null {
  return list === undefined || list.length === 0 ? null : list.join(':');
}

function decodeValidation(message: CertificateValidationContext, path: Path, decoding: Decoding): TlsValidationConfig {
  const { trustedCa, systemRootCerts, crl, matchTypedSubjectAltNames } = message;
  const sans = matchTypedSubjectAltNames.map((each, i) =>
    decodeSan(each, [...path, 'match_typed_subject_alt_names', i], decoding),
  );
  const trusted = decodeTrust(trustedCa, systemRootCerts !== undefined, path, decoding);
  if (sans.length > 0 && trusted === null) {
    decoding.report(
      [...path, 'match_typed_subject_alt_names'],
      'a name proves nothing without a trusted_ca that vouches for it',
    );
  }
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

function decodeCertificate(message: TlsCertificate, path: Path, decoding: Decoding): TlsIdentity {
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
