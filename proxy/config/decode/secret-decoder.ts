/** envoy.extensions.transport_sockets.tls.v3.Secret. What is wrong with one never quotes it. */
import { nodeCrypto } from '../../../kernel/lazy-crypto.ts';
import type { Secret } from '../../../protos/gen/envoy/extensions/transport_sockets/tls/v3/secret.ts';
import type { Path } from '../../../protos/json/issue.ts';
import type { SecretConfig } from '../model/secret.ts';
import { decodeCertificate, decodeValidation, NO_VALIDATION } from './certificate-decoder.ts';
import type { Decoding } from './decoding.ts';

/** Decodes a secret: a certificate that is still good with its key, or whom to trust. */
export function decodeSecret({ name, type }: Secret, path: Path, decoding: Decoding): SecretConfig {
  switch (type?.$case) {
    case 'tlsCertificate': {
      const place = [...path, 'tls_certificate'];
      const before = decoding.issues.length;
      const identity = decodeCertificate(type.value, place, decoding);
      if (decoding.issues.length === before) checkTime(identity.chainPem, [...place, 'certificate_chain'], decoding);
      return { kind: 'certificate', name, identity };
    }
    case 'validationContext': {
      const validation = decodeValidation(type.value, [...path, 'validation_context'], decoding, true);
      return { kind: 'validation', name, validation };
    }
    default:
      decoding.report(path, 'a secret is a tls_certificate or a validation_context here');
      return { kind: 'validation', name, validation: NO_VALIDATION };
  }
}

/** One that nobody would take any longer must not replace one that is taken. */
function checkTime(chainPem: string, path: Path, decoding: Decoding): void {
  const { validTo } = new (nodeCrypto().X509Certificate)(chainPem);
  if (Date.parse(validTo) >= decoding.sources.wallMs()) return;
  decoding.report(path, `the certificate has expired on ${new Date(Date.parse(validTo)).toISOString()}`);
}
