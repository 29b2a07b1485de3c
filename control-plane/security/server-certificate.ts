/**
 * The certificate of the control plane's two ports: checked before it is used, so that a broken one is told in a sentence
 * and not by handshakes that fail.
 */
import { constants, createPrivateKey, X509Certificate } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';
import type { Clock } from '../../kernel/clock.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import { type SubjectName, subjectNames } from '../../kernel/subject-names.ts';

/** Where they are, absolute. */
export interface CertificateFiles {
  /** The chain in PEM, the server's certificate first. */
  readonly certificate: string;
  /** In PEM, without a passphrase. */
  readonly key: string;
  /** Whose client certificates count; null: nobody's. */
  readonly clientAuthorities: string | null;
}

/** A certificate that is fit for use. */
export interface ServerCertificate {
  /** For tls.createServer and setSecureContext. */
  readonly context: SecureContextOptions;
  /** The name by which clients can verify it: the first DNS name or address; null when it has none. */
  readonly name: SubjectName | null;
  /** It has signed itself: only who knows it already can trust it. */
  readonly selfSigned: boolean;
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number;
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** Makes it of the texts of the three files, in the order of CertificateFiles; or says what is wrong and where. */
export function serverCertificate(
  files: CertificateFiles,
  [certificate = null, key = null, authorities = null]: readonly (string | null)[],
  clock: Pick<Clock, 'wallMs'>,
): Result<ServerCertificate, string> {
  if (certificate === null) return err(`${files.certificate} cannot be read`);
  if (key === null) return err(`${files.key} cannot be read`);
  const leaf = parsed(() => new X509Certificate(certificate));
  if (!leaf.ok) return err(`${files.certificate} has no certificate in PEM: ${leaf.error}`);
  const privateKey = parsed(() => createPrivateKey(key));
  if (!privateKey.ok) return err(`${files.key} has no private key in PEM without a passphrase: ${privateKey.error}`);
  if (!leaf.value.checkPrivateKey(privateKey.value))
    return err(`the key in ${files.key} does not belong to the certificate in ${files.certificate}`);
  const expiresAtMs = leaf.value.validToDate.getTime();
  if (expiresAtMs <= clock.wallMs())
    return err(`the certificate in ${files.certificate} expired at ${leaf.value.validToDate.toISOString()}`);
  const trusted = files.clientAuthorities === null ? ok([]) : authoritiesOf(files.clientAuthorities, authorities);
  if (!trusted.ok) return trusted;
  const names = subjectNames(leaf.value.subjectAltName);
  return ok({
    context: {
      cert: certificate,
      key,
      // Without an entry here the roots of the web would vouch for clients.
      ca: trusted.value,
      minVersion: 'TLSv1.2',
      // A session that is resumed would outlive the certificate that its client has shown.
      secureOptions: constants.SSL_OP_NO_TICKET,
    },
    name: names.find(({ kind }) => kind === 'dns' || kind === 'ip') ?? null,
    selfSigned: leaf.value.checkIssued(leaf.value),
    expiresAtMs,
  });
}

/** One that is broken would be missed by nobody but those whom it lets in. */
function authoritiesOf(path: string, text: string | null): Result<string[], string> {
  const blocks = text?.match(PEM_CERTIFICATE) ?? [];
  if (blocks.length === 0) return err(`${path} has no certificate in PEM`);
  for (const [i, block] of blocks.entries()) {
    const authority = parsed(() => new X509Certificate(block));
    if (!authority.ok) return err(`certificate ${i + 1} of ${path} cannot be read: ${authority.error}`);
  }
  return ok([...blocks]);
}

function parsed<T>(parse: () => T): Result<T, string> {
  try {
    return ok(parse());
  } catch (cause) {
    return err((cause as Error).message);
  }
}
