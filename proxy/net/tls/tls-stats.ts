/** Counters of TLS handshakes, with Envoy's names (envoyproxy.io, "TLS statistics"). */
import type { PeerRefusal } from './peer-verifier.ts';

export class TlsStats {
  handshake = 0;
  connectionError = 0;
  noCertificate = 0;
  sessionReused = 0;
  failVerifyNoCert = 0;
  failVerifyError = 0;
  failVerifySan = 0;
  failVerifyCertHash = 0;
  /** Connections that were not made because a secret was not there. */
  secretsNotReady = 0;
  /** Times that secrets have replaced what connections are made with. */
  updatesBySecrets = 0;
}

/** Counts a peer that was refused. */
export function countRefusal(stats: TlsStats, { kind }: PeerRefusal): void {
  switch (kind) {
    case 'no-certificate':
      stats.failVerifyNoCert++;
      return;
    case 'chain':
      stats.failVerifyError++;
      return;
    case 'name':
      stats.failVerifySan++;
      return;
    case 'hash':
      stats.failVerifyCertHash++;
      return;
  }
}
