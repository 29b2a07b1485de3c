/** Node's TLS options from our model, for both sides. */
import { getCACertificates, type SecureContextOptions } from 'node:tls';
import type { TlsConfig, TlsIdentity, TlsValidationConfig } from '../../config/model/tls.ts';

/** Of TLS 1.3, which Envoy's cipher lists do not name and OpenSSL's do. */
const TLS13_CIPHERS = 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256';

/** The options of a context with these certificates, which differ in the kind of their keys. */
export function contextOptions(config: TlsConfig, identities: readonly TlsIdentity[]): SecureContextOptions {
  const { parameters, validation } = config;
  const { minVersion, maxVersion, ciphers, curves, signatureAlgorithms } = parameters;
  return {
    minVersion,
    maxVersion,
    // Without an entry Node would trust the roots of the web.
    ca: trusted(validation?.trustedCa ?? null),
    ...(identities.length > 0 && {
      cert: identities.map(({ chainPem }) => chainPem),
      key: identities.map(({ keyPem }) => keyPem),
    }),
    ...(ciphers !== null && { ciphers: `${ciphers}:${TLS13_CIPHERS}` }),
    ...(curves !== null && { ecdhCurve: curves }),
    ...(signatureAlgorithms !== null && { sigalgs: signatureAlgorithms }),
    ...(validation?.crlPem != null && { crl: validation.crlPem }),
  };
}

function trusted(ca: TlsValidationConfig['trustedCa']): string[] {
  if (ca === null) return [];
  return ca.kind === 'pem' ? [ca.pem] : [...getCACertificates('system')];
}
