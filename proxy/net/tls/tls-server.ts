/**
 * The server side of TLS for one filter chain. Accepted sockets are handed to a `tls.Server` that never listens: Node's
 * own handshake, and what comes out of it is a transport like any other.
 *
 *   accepted socket ─► secure ─► handshake ─► peer verified ─► done(transport)
 *                                   └─ failed, refused or too slow ─► closed; done(null)
 */
import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import { createSecureContext, createServer, type SecureContext, type Server, type TLSSocket } from 'node:tls';
import type { DownstreamTlsConfig } from '../../config/model/tls.ts';
import type { Loop } from '../loop.ts';
import { Transport, UNHANDLED } from '../transport.ts';
import { type CertificateGroup, groupCertificates, groupFor } from './certificate-groups.ts';
import type { PeerVerifier } from './peer-verifier.ts';
import { PushReads } from './push-reads.ts';
import { contextOptions } from './secure-context.ts';
import { chainErrorOf, TlsPeer } from './tls-peer.ts';
import { countRefusal, type TlsStats } from './tls-stats.ts';

/** Ours: Envoy waits for ever unless transport_socket_connect_timeout is set. */
const HANDSHAKE_TIMEOUT_MS = 15_000;

/** Told once: the transport, which reads as soon as this returns, or null when the socket was closed instead. */
export type Secured = (transport: Transport | null) => void;

export class TlsServer {
  readonly #loop: Loop;
  readonly #config: DownstreamTlsConfig;
  readonly #verifier: PeerVerifier | null;
  readonly #stats: TlsStats;
  readonly #server: Server;
  readonly #groups: readonly CertificateGroup[];
  readonly #contexts: readonly SecureContext[];
  /** Handshakes under way, by the addresses of both ends. */
  readonly #pending = new Map<string, { done: Secured | null }>();

  /** `verifier` is null when no client is asked for a certificate. Throws OpenSSL's error for what it cannot use. */
  constructor(
    loop: Loop,
    config: DownstreamTlsConfig,
    verifier: PeerVerifier | null,
    stats: TlsStats,
    handshakeTimeoutMs: number,
  ) {
    this.#loop = loop;
    this.#config = config;
    this.#verifier = verifier;
    this.#stats = stats;
    this.#groups = groupCertificates(config.certificates);
    // No tickets, and no store of sessions either: every client is verified anew.
    const secureOptions = config.resumption ? 0 : constants.SSL_OP_NO_TICKET;
    const options = this.#groups.map(({ identities }) => ({ ...contextOptions(config, identities), secureOptions }));
    this.#contexts = options.map((each) => createSecureContext(each));
    const { alpnProtocols } = config;
    this.#server = createServer({
      ...options[0],
      allowHalfOpen: true,
      noDelay: true,
      requestCert: verifier !== null,
      // The verifier decides: OpenSSL only knows chains.
      rejectUnauthorized: false,
      handshakeTimeout: handshakeTimeoutMs || HANDSHAKE_TIMEOUT_MS,
      SNICallback: (name, decide) => decide(null, this.#contexts[groupFor(this.#groups, name)]),
      ...(alpnProtocols.length > 0 && {
        ALPNCallback: ({ protocols }: { readonly protocols: readonly string[] }) =>
          alpnProtocols.find((each) => protocols.includes(each)),
      }),
    });
    this.#server.on('secureConnection', (socket) => this.#onSecure(socket));
    this.#server.on('tlsClientError', (_error, socket) => {
      this.#stats.connectionError++;
      // A handshake that took too long is told, but not ended, by Node. It is settled when the socket closes.
      socket.destroy();
    });
  }

  /** Starts the handshake. `early` are bytes that were read already. */
  secure(accepted: Socket, early: Buffer | null, done: Secured): void {
    const key = keyOf(accepted);
    this.#pending.set(key, { done });
    accepted.on('error', () => {});
    accepted.once('close', () => this.#settle(key, null));
    if (early !== null) accepted.unshift(early);
    this.#server.emit('connection', accepted);
  }

  #onSecure(socket: TLSSocket): void {
    const peer = new TlsPeer(socket);
    this.#stats.handshake++;
    if (socket.isSessionReused()) this.#stats.sessionReused++;
    if (peer.certificate === null) this.#stats.noCertificate++;
    // A peer that has reset meanwhile has no address any longer: its socket closes by itself.
    if (!this.#accepts(peer, socket) || !this.#pending.has(keyOf(socket))) {
      socket.on('error', () => {});
      socket.destroy();
      return;
    }
    const transport = new Transport(this.#loop, socket, UNHANDLED, peer);
    this.#settle(keyOf(socket), transport);
    transport.readByPush(new PushReads(socket, (chunk) => transport.receiveCopy(chunk)));
  }

  #accepts(peer: TlsPeer, socket: TLSSocket): boolean {
    if (this.#config.requireSni && peer.serverName === null) {
      this.#stats.connectionError++;
      return false;
    }
    const optional = peer.certificate === null && !this.#config.requireClientCertificate;
    if (this.#verifier === null || optional) return true;
    const refusal = this.#verifier.verify(peer.certificate, chainErrorOf(socket));
    if (refusal !== null) countRefusal(this.#stats, refusal);
    return refusal === null;
  }

  #settle(key: string, transport: Transport | null): void {
    const pending = this.#pending.get(key);
    const done = pending?.done;
    if (pending === undefined || !done) return;
    this.#pending.delete(key);
    // A Map goes on referring to what it has let go of: see kernel/roster.ts.
    pending.done = null;
    done(transport);
  }
}

/** The socket that was accepted and the one that TLS makes of it are different objects with the same addresses. */
function keyOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}
