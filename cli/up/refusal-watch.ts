/**
 * Tells, once each, which configurations sidecars have refused since the last look.
 */
import type { Client } from '../api-client.ts';
import { refusals } from '../commands/status.ts';
import { CliError } from '../errors.ts';

export class RefusalWatch {
  readonly #client: Client;
  #told: ReadonlySet<string> = new Set();

  constructor(client: Client) {
    this.#client = client;
  }

  /** One sentence per refusal that is new; none while the control plane is away. */
  async look(): Promise<string[]> {
    try {
      const current = refusals((await this.#client.status()).nodes);
      const fresh = current.filter((refusal) => !this.#told.has(refusal));
      this.#told = new Set(current);
      return fresh;
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      return [];
    }
  }
}
