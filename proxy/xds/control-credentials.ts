/**
 * What goes with every stream to the control plane: TLS as the static cluster that leads there has it, and who we are.
 */
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { type ChannelCredentials, credentials, Metadata } from '@grpc/grpc-js';
import { nodeCrypto } from '../../kernel/lazy-crypto.ts';
import type { UpstreamTlsConfig } from '../config/model/tls.ts';
import type { PeerVerifier } from '../net/tls/peer-verifier.ts';
import { contextOptions } from '../net/tls/secure-context.ts';

/** See the head of this file. */
export interface ControlCredentials {
  /** For a new channel. */
  channel(): ChannelCredentials;
  /** The server name that is asked for; empty: none in particular. */
  readonly serverName: string;
  /** For a new stream. Throws a sentence when a file cannot be read. */
  metadata(): Metadata;
}

/** Where they come from. */
export interface ControlCredentialOptions {
  /** Null: plaintext. */
  readonly tls: UpstreamTlsConfig | null;
  /** Null: any server is trusted, as in Envoy without a validation context. */
  readonly verifier: PeerVerifier | null;
  readonly headers: readonly (readonly [string, string])[];
  /** Read at every stream; null for none. */
  readonly tokenFile: string | null;
}

/** Nothing is verified, and nobody is told who we are. */
export const NO_CREDENTIALS: ControlCredentials = {
  channel: () => credentials.createInsecure(),
  serverName: '',
  metadata: () => new Metadata(),
};

/** Throws OpenSSL's error for certificates that it cannot use, or a sentence for what could not be verified. */
export function controlCredentials({
  tls,
  verifier,
  headers,
  tokenFile,
}: ControlCredentialOptions): ControlCredentials {
  return {
    channel: tls === null ? NO_CREDENTIALS.channel : secureChannel(tls, verifier),
    serverName: tls?.sni ?? '',
    metadata: () => {
      const metadata = new Metadata();
      for (const [name, value] of headers) metadata.add(name, value);
      if (tokenFile !== null) metadata.set('authorization', `Bearer ${readToken(tokenFile)}`);
      return metadata;
    },
  };
}

function secureChannel(tls: UpstreamTlsConfig, verifier: PeerVerifier | null): () => ChannelCredentials {
  const context = createSecureContext(contextOptions(tls, tls.certificates));
  const {
    trustedCa = null,
    acceptUntrusted = false,
    spkiHashes = [],
    certificateHashes = [],
    sans = [],
  } = tls.validation ?? {};
  const chained = trustedCa !== null && !acceptUntrusted;
  // Node looks at nothing else in a certificate whose chain it is told not to mind.
  if (!chained && spkiHashes.length + certificateHashes.length + sans.length > 0)
    throw new Error('names and hashes of the control plane are verified with a trusted_ca only: give it one');
  return () =>
    credentials.createFromSecureContext(context, {
      rejectUnauthorized: chained,
      checkServerIdentity: (_host, { raw }) => {
        const refusal = verifier?.verify(new (nodeCrypto().X509Certificate)(raw), null) ?? null;
        return refusal === null ? undefined : new Error(`the control plane was refused, ${refusal.reason}`);
      },
    });
}

function readToken(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new Error(`the token for the control plane cannot be read: ${(cause as Error).message}`, { cause });
  }
}
