/**
 * TLS of a filter chain whose secrets may come later and be replaced while it runs: connections that there are keep what
 * they were made with, new ones get the newest. Without its secrets nobody can be answered: connections are reset.
 */
import type { Socket } from 'node:net';
import type { Secured, TlsServer } from './tls-server.ts';
import type { TlsStats } from './tls-stats.ts';

export class TlsAcceptor {
  readonly #stats: TlsStats;
  #server: TlsServer | null;

  /** `server` is null while a secret is not there. */
  constructor(server: TlsServer | null, stats: TlsStats) {
    this.#server = server;
    this.#stats = stats;
  }

  /** What new connections are made with from now on. */
  renew(server: TlsServer | null): void {
    this.#server = server;
    this.#stats.updatesBySecrets++;
  }

  /** See TlsServer. */
  secure(accepted: Socket, early: Buffer | null, done: Secured): void {
    if (this.#server !== null) {
      this.#server.secure(accepted, early, done);
      return;
    }
    this.#stats.secretsNotReady++;
    accepted.on('error', () => {});
    accepted.once('close', () => done(null));
    accepted.resetAndDestroy();
  }
}
