/** What a TLS handshake has told about the peer. */
import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { type SubjectName, subjectNames } from '../../../kernel/subject-names.ts';

/** One established TLS connection, as far as logs, headers and policies ask. */
export class TlsPeer {
  readonly #socket: TLSSocket;
  /** The name the client asked for (SNI), or null. */
  readonly serverName: string | null;
  /** The protocol that ALPN has chosen, or null. */
  readonly alpnProtocol: string | null;
  /** `TLSv1.3`. */
  readonly version: string;
  #certificate: X509Certificate | null | undefined;
  #identities: readonly string[] | null = null;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    const name: unknown = socket.servername;
    this.serverName = typeof name === 'string' && name !== '' ? name : null;
    this.alpnProtocol = socket.alpnProtocol || null;
    this.version = socket.getProtocol() ?? '';
  }

  /** The peer's certificate, verified as far as the configuration asks; null when it sent none. */
  get certificate(): X509Certificate | null {
    this.#certificate ??= this.#socket.getPeerX509Certificate() ?? null;
    return this.#certificate;
  }

  /** The certificate's subject as RFC 2253 writes it, the last part first; null without one. */
  get subject(): string | null {
    return this.certificate?.subject.split('\n').reverse().join(',') ?? null;
  }

  /** The certificate's names of one kind, joined by commas; empty without one. */
  names(kind: SubjectName['kind']): string {
    const names = subjectNames(this.certificate?.subjectAltName);
    return names
      .filter((each) => each.kind === kind)
      .map(({ value }) => value)
      .join(',');
  }

  /** The first name of a kind, or null: what attributes such as `connection.uri_san_peer_certificate` say. */
  firstName(kind: SubjectName['kind']): string | null {
    return subjectNames(this.certificate?.subjectAltName).find((each) => each.kind === kind)?.value ?? null;
  }

  /** What policies know the peer by: its URI names, its DNS names, then the subject, empty without a certificate. */
  get identities(): readonly string[] {
    this.#identities ??= this.#readIdentities();
    return this.#identities;
  }

  #readIdentities(): readonly string[] {
    const names = subjectNames(this.certificate?.subjectAltName);
    const ofKind = (kind: SubjectName['kind']) => names.filter((each) => each.kind === kind).map(({ value }) => value);
    return [...ofKind('uri'), ...ofKind('dns'), this.subject ?? ''];
  }

  /** OpenSSL's name of the cipher suite. */
  get cipher(): string {
    return this.#socket.getCipher().name;
  }
}

/** What OpenSSL found wrong with the peer's chain, or null. */
export function chainErrorOf(socket: TLSSocket): string | null {
  if (socket.authorized) return null;
  const error: unknown = socket.authorizationError;
  return error instanceof Error ? error.message : String(error);
}
