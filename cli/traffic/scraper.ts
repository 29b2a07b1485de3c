/**
 * Fetches the statistics of every sidecar that the control plane lists.
 */
import type { Dispatcher } from 'undici';
import type { Client } from '../api-client.ts';
import type { ScrapeTarget } from '../api-types.ts';
import { CliError } from '../errors.ts';
import { sidecarPages } from '../sidecar-pages.ts';
import type { Scrape } from './traffic-meter.ts';

export class Scraper {
  readonly #client: Client;
  readonly #dispatcher: Dispatcher | undefined;
  #targets: readonly ScrapeTarget[] = [];

  /** `dispatcher` is for tests. */
  constructor(client: Client, dispatcher?: Dispatcher) {
    this.#client = client;
    this.#dispatcher = dispatcher;
  }

  /**
   * All sidecars' pages; one that does not answer is missing. While the control plane is down it asks the sidecars that
   * it knew, because they go on.
   */
  async scrape(): Promise<Scrape[]> {
    try {
      this.#targets = await this.#client.scrapeTargets();
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
    }
    const pages = await sidecarPages(this.#targets, null, this.#dispatcher);
    return pages.map(({ target, labels, text }) => ({ target, workload: labels.workload ?? target, text }));
  }
}
