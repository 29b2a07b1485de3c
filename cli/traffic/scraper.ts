/**
 * Fetches the statistics of every sidecar that the control plane lists.
 */
import { type Dispatcher, request } from 'undici';
import type { Client } from '../api-client.ts';
import type { ScrapeTarget } from '../api-types.ts';
import { CliError } from '../errors.ts';
import type { Scrape } from './traffic-meter.ts';

/** A sidecar that answers later than this is left out of this look. */
const SCRAPE_TIMEOUT_MS = 1500;

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
    const pages = this.#targets.flatMap(({ targets, labels }) => targets.map((target) => this.#page(target, labels)));
    return (await Promise.all(pages)).filter((page) => page !== undefined);
  }

  async #page(target: string, labels: Readonly<Record<string, string>>): Promise<Scrape | undefined> {
    const url = `http://${target}${labels.__metrics_path__ ?? '/stats/prometheus'}`;
    const dispatcher = this.#dispatcher === undefined ? {} : { dispatcher: this.#dispatcher };
    try {
      const { body } = await request(url, { signal: AbortSignal.timeout(SCRAPE_TIMEOUT_MS), ...dispatcher });
      return { target, workload: labels.workload ?? target, text: await body.text() };
    } catch {
      return undefined;
    }
  }
}
