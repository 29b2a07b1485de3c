/**
 * Which of a server's certificates a client gets: the first whose names fit the name that was asked for, else the first
 * of all. Certificates for the same names with keys of different kinds (RSA and ECDSA) are offered together, and OpenSSL
 * takes the one that the client understands.
 */
import { X509Certificate } from 'node:crypto';
import type { TlsIdentity } from '../../config/model/tls.ts';

/** Certificates that are offered together. */
export interface CertificateGroup {
  /** The first of them, whose names stand for all. */
  readonly certificate: X509Certificate;
  readonly identities: readonly TlsIdentity[];
}

/** The groups, in the order of their first certificates. */
export function groupCertificates(identities: readonly TlsIdentity[]): readonly CertificateGroup[] {
  const groups: { certificate: X509Certificate; identities: TlsIdentity[]; kinds: Set<string> }[] = [];
  for (const identity of identities) {
    const certificate = new X509Certificate(identity.chainPem);
    const kind = certificate.publicKey.asymmetricKeyType ?? '';
    const names = namesOf(certificate);
    const group = groups.find((each) => namesOf(each.certificate) === names && !each.kinds.has(kind));
    if (group === undefined) groups.push({ certificate, identities: [identity], kinds: new Set([kind]) });
    else {
      group.identities.push(identity);
      group.kinds.add(kind);
    }
  }
  return groups;
}

/** The index of the group for a server name. */
export function groupFor(groups: readonly CertificateGroup[], serverName: string): number {
  return Math.max(
    0,
    groups.findIndex(({ certificate }) => certificate.checkHost(serverName) !== undefined),
  );
}

function namesOf({ subjectAltName, subject }: X509Certificate): string {
  return subjectAltName ?? subject;
}
