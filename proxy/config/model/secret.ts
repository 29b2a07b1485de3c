/** envoy.extensions.transport_sockets.tls.v3.Secret: a certificate with its key, or whom to trust. */
import type { TlsIdentity, TlsValidationConfig } from './tls.ts';

/** A secret as it came. */
export type SecretConfig =
  | { readonly kind: 'certificate'; readonly name: string; readonly identity: TlsIdentity }
  | { readonly kind: 'validation'; readonly name: string; readonly validation: TlsValidationConfig };
