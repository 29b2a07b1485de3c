/**
 * The gRPC port's side of TLS. grpc-js exchanges certificates while it serves, but has no credentials of its own that let
 * clients come with a certificate or without.
 */
import { ServerCredentials } from '@grpc/grpc-js';
import type { Security } from './security.ts';

/** Plaintext, or TLS with the certificate that there is, and with each that comes after it. */
export function grpcServerCredentials(security: Security): ServerCredentials {
  return security.certificate === null ? ServerCredentials.createInsecure() : new RotatingCredentials(security);
}

class RotatingCredentials extends ServerCredentials {
  constructor(security: Security) {
    const { context } = security.certificate!;
    // A certificate that nobody vouches for counts as none; whether one is needed is the gate's to say.
    const requestCert = security.settings.tls?.clientAuthorities !== null;
    super({ requestCert, rejectUnauthorized: false }, context);
    security.watchCertificate((next) => this.updateSecureContextOptions(next));
  }

  override _equals(other: ServerCredentials): boolean {
    return other === this;
  }
}
