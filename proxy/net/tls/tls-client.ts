/** Dialling endpoints over TLS. The outcome is that of a plain connection: `onConnected`, or `onClose` with the reason. */
import type { NetConnectOpts, Socket } from 'node:net';
import { type ConnectionOptions, connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import type { SocketAddress } from '../../config/model/common.ts';
import type { UpstreamTlsConfig } from '../../config/model/tls.ts';
import type { Loop } from '../loop.ts';
import { onread } from '../onread.ts';
import { type DialHandler, Transport } from '../transport.ts';
import type { PeerVerifier } from './peer-verifier.ts';
import { PushReads } from './push-reads.ts';
import { contextOptions } from './secure-context.ts';
import { chainErrorOf, TlsPeer } from './tls-peer.ts';
import { countRefusal, type TlsStats } from './tls-stats.ts';

/** The client side of TLS for one cluster. */
export class TlsClient {
  readonly #config: UpstreamTlsConfig;
  readonly #verifier: PeerVerifier | null;
  readonly #stats: TlsStats;
  readonly #context: SecureContext;

  /**
   * `verifier` is null when any endpoint is trusted, as in Envoy without a validation context. Throws OpenSSL's error
   * for what it cannot use.
   */
  constructor(config: UpstreamTlsConfig, verifier: PeerVerifier | null, stats: TlsStats) {
    this.#config = config;
    this.#verifier = verifier;
    this.#stats = stats;
    this.#context = createSecureContext(contextOptions(config, config.certificates));
  }

  /** Starts a connection with its handshake. Writes before it stands are queued. */
  dial(loop: Loop, { host, port }: SocketAddress, handler: DialHandler): Transport {
    const options: ConnectionOptions & NetConnectOpts = {
      ...this.#options(),
      host,
      port,
      allowHalfOpen: true,
      onread: onread(loop, () => transport),
    };
    const socket: TLSSocket = connect(options);
    socket.setNoDelay(true);
    const transport: Transport = new Transport(loop, socket, handler);
    this.#await(loop, socket, transport, handler);
    return transport;
  }

  /** The same over a socket on which something was sent already. */
  over(loop: Loop, carrier: Socket, handler: DialHandler): Transport {
    const socket = connect({ ...this.#options(), socket: carrier });
    const transport = new Transport(loop, socket, handler);
    this.#await(loop, socket, transport, handler);
    transport.readByPush(new PushReads(socket, (chunk) => transport.receiveCopy(chunk)));
    return transport;
  }

  #options(): ConnectionOptions {
    const { sni, alpnProtocols } = this.#config;
    return {
      secureContext: this.#context,
      servername: sni,
      // The verifier decides, and names are what the configuration says, not the address that was dialled.
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
      ...(alpnProtocols.length > 0 && { ALPNProtocols: [...alpnProtocols] }),
    };
  }

  #await(loop: Loop, socket: TLSSocket, transport: Transport, handler: DialHandler): void {
    socket.once('secureConnect', () => {
      loop.refresh();
      const peer = new TlsPeer(socket);
      transport.tls = peer;
      this.#stats.handshake++;
      const refusal = this.#verifier?.verify(peer.certificate, chainErrorOf(socket)) ?? null;
      if (refusal === null) handler.onConnected();
      else {
        countRefusal(this.#stats, refusal);
        transport.destroy(new Error(`the endpoint was refused, ${refusal.reason}`));
      }
    });
    socket.once('error', () => {
      if (transport.tls === null) this.#stats.connectionError++;
    });
  }
}
