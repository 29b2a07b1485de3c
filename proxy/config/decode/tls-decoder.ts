/** The server side of TLS: certificates are read and checked here, so that a bad one is refused before it is used. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { TlsCertificate } from '../../../protos/gen/envoy/extensions/transport_sockets/tls/v3/common.ts';
import type { DownstreamTlsContext } from '../../../protos/gen/envoy/extensions/transport_sockets/tls/v3/tls.ts';
import type { Path } from '../../../protos/json/issue.ts';
import type { DownstreamTlsConfig } from '../model/listener.ts';
import type { Decoding } from './decoding.ts';
import { dataSourceText } from './values.ts';

/** Decodes a DownstreamTlsContext. */
export function decodeDownstreamTls(
  message: DownstreamTlsContext,
  path: Path,
  decoding: Decoding,
): DownstreamTlsConfig {
  const common = message.commonTlsContext;
  const place = [...path, 'common_tls_context'];
  const certificates = (common?.tlsCertificates ?? []).map((each, i) =>
    decodeCertificate(each, [...place, 'tls_certificates', i], decoding),
  );
  if (certificates.length === 0)
    decoding.report([...place, 'tls_certificates'], 'a server needs at least one certificate');
  const validation = common?.validationContextType;
  const trustedCa = validation?.$case === 'validationContext' ? validation.value.trustedCa : undefined;
  return {
    certificates,
    requireClientCertificate: message.requireClientCertificate ?? false,
    trustedCaPem:
      trustedCa === undefined
        ? null
        : decodeTrustedCa(
            dataSourceText(trustedCa, [...place, 'validation_context', 'trusted_ca'], decoding),
            place,
            decoding,
          ),
    alpnProtocols: common?.alpnProtocols ?? [],
  };
}

function decodeCertificate(
  message: TlsCertificate,
  path: Path,
  decoding: Decoding,
): { chainPem: string; keyPem: string } {
  const chainPem = dataSourceText(message.certificateChain, [...path, 'certificate_chain'], decoding);
  const keyPem = dataSourceText(message.privateKey, [...path, 'private_key'], decoding);
  if (chainPem !== '' && keyPem !== '') {
    const problem = pairProblem(chainPem, keyPem);
    if (problem !== undefined) decoding.report([...path, problem.field], problem.message);
  }
  return { chainPem, keyPem };
}

function pairProblem(chainPem: string, keyPem: string): { field: string; message: string } | undefined {
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

function decodeTrustedCa(pem: string, path: Path, decoding: Decoding): string {
  const certificate = pem === '' ? undefined : parsedOr(() => new X509Certificate(pem));
  if (certificate instanceof Error) {
    decoding.report([...path, 'validation_context', 'trusted_ca'], `no certificate in PEM: ${certificate.message}`);
  }
  return pem;
}

function parsedOr<T>(parse: () => T): T | Error {
  try {
    return parse();
  } catch (error) {
    return error as Error;
  }
}
