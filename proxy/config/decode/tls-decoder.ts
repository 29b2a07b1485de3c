/** TLS on both sides. What it refers to by name (SDS) is checked when it comes. */
import {
  TlsParameters_TlsProtocol as Protocol,
  type TlsParameters,
} from '../../../protos/gen/envoy/extensions/transport_sockets/tls/v3/common.ts';
import type {
  CommonTlsContext,
  DownstreamTlsContext,
  UpstreamTlsContext,
} from '../../../protos/gen/envoy/extensions/transport_sockets/tls/v3/tls.ts';
import type { Path } from '../../../protos/json/issue.ts';
import type {
  DownstreamTlsConfig,
  TlsConfig,
  TlsParametersConfig,
  TlsVersion,
  UpstreamTlsConfig,
} from '../model/tls.ts';
import { decodeCertificate, decodeValidation } from './certificate-decoder.ts';
import type { Decoding } from './decoding.ts';
import { decodeSecretReference } from './secret-reference-decoder.ts';

const VERSIONS: Readonly<Record<number, TlsVersion>> = {
  [Protocol.TLSv1_0]: 'TLSv1',
  [Protocol.TLSv1_1]: 'TLSv1.1',
  [Protocol.TLSv1_2]: 'TLSv1.2',
  [Protocol.TLSv1_3]: 'TLSv1.3',
};

/** Decodes a DownstreamTlsContext. */
export function decodeDownstreamTls(
  message: DownstreamTlsContext,
  path: Path,
  decoding: Decoding,
): DownstreamTlsConfig {
  const place = [...path, 'common_tls_context'];
  const common = decodeCommon(message.commonTlsContext, place, decoding);
  if (common.certificates.length === 0 && common.certificateSecrets.length === 0)
    decoding.report([...place, 'tls_certificates'], 'a server needs at least one certificate');
  const requireClientCertificate = message.requireClientCertificate ?? false;
  const verifies = common.validation !== null || common.validationSecret !== null;
  if (requireClientCertificate && !verifies) {
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
    resumption: !verifies && !(stateless && message.sessionTicketKeysType?.value === true),
  };
}

/** Decodes an UpstreamTlsContext. */
export function decodeUpstreamTls(message: UpstreamTlsContext, path: Path, decoding: Decoding): UpstreamTlsConfig {
  const place = [...path, 'common_tls_context'];
  const common = decodeCommon(message.commonTlsContext, place, decoding);
  const { certificates, certificateSecrets } = common;
  if (certificates.length > 1)
    decoding.report([...place, 'tls_certificates'], `${certificates.length} certificates; a client has one`);
  if (certificateSecrets.length > 1) {
    const message = `${certificateSecrets.length} certificates; a client has one`;
    decoding.report([...place, 'tls_certificate_sds_secret_configs'], message);
  }
  return { ...common, sni: message.sni };
}

function decodeCommon(common: CommonTlsContext | undefined, place: Path, decoding: Decoding): TlsConfig {
  const certificates = common?.tlsCertificates ?? [];
  const secrets = common?.tlsCertificateSdsSecretConfigs ?? [];
  if (certificates.length > 0 && secrets.length > 0) {
    const message = 'tls_certificates and tls_certificate_sds_secret_configs exclude each other';
    decoding.report([...place, 'tls_certificate_sds_secret_configs'], message);
  }
  return {
    certificates: certificates.map((each, i) => decodeCertificate(each, [...place, 'tls_certificates', i], decoding)),
    certificateSecrets: secrets.map((each, i) =>
      decodeSecretReference(each, [...place, 'tls_certificate_sds_secret_configs', i], decoding),
    ),
    ...decodeTrustOf(common?.validationContextType, place, decoding),
    parameters: decodeParameters(common?.tlsParams, [...place, 'tls_params'], decoding),
    alpnProtocols: common?.alpnProtocols ?? [],
  };
}

/** Whom to trust: written in place, a secret, or a secret that adds to what is written in place. */
function decodeTrustOf(
  type: CommonTlsContext['validationContextType'],
  place: Path,
  decoding: Decoding,
): Pick<TlsConfig, 'validation' | 'validationSecret'> {
  const secret = 'validation_context_sds_secret_config';
  switch (type?.$case) {
    case undefined:
      return { validation: null, validationSecret: null };
    case 'validationContext':
      return {
        validation: decodeValidation(type.value, [...place, 'validation_context'], decoding),
        validationSecret: null,
      };
    case 'validationContextSdsSecretConfig':
      return {
        validation: null,
        validationSecret: decodeSecretReference(type.value, [...place, secret], decoding),
      };
    case 'combinedValidationContext': {
      const path = [...place, 'combined_validation_context'];
      const { defaultValidationContext: inPlace, validationContextSdsSecretConfig: reference } = type.value;
      if (inPlace === undefined) decoding.report([...path, 'default_validation_context'], 'it is required');
      if (reference === undefined) decoding.report([...path, secret], 'it is required');
      return {
        validation:
          inPlace === undefined
            ? null
            : decodeValidation(inPlace, [...path, 'default_validation_context'], decoding, true),
        validationSecret:
          reference === undefined ? null : decodeSecretReference(reference, [...path, secret], decoding),
      };
    }
  }
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
