/** Pages of the sidecars' admin ports, which the control plane lists as targets of Prometheus. */
import { type Dispatcher, request } from 'undici';
import type { ScrapeTarget } from './api-types.ts';

/** A sidecar that answers later than this is left out of this look. */
const PAGE_TIMEOUT_MS = 1500;

/** One sidecar's page. */
export interface SidecarPage {
  /** `host:port` of the admin port. */
  readonly target: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly text: string;
}

/**
 * The page under `path` of each of these, or its statistics when there is no path; who does not answer, or not with 200,
 * is left out.
 */
export async function sidecarPages(
  targets: readonly ScrapeTarget[],
  path: string | null,
  dispatcher?: Dispatcher,
): Promise<SidecarPage[]> {
  const pages = targets.flatMap(({ targets: addresses, labels }) =>
    addresses.map(async (target) => {
      const url = `http://${target}${path ?? labels.__metrics_path__ ?? '/stats/prometheus'}`;
      const text = await page(url, dispatcher);
      return text === undefined ? [] : [{ target, labels, text }];
    }),
  );
  return (await Promise.all(pages)).flat();
}

async function page(url: string, dispatcher: Dispatcher | undefined): Promise<string | undefined> {
  const options = { signal: AbortSignal.timeout(PAGE_TIMEOUT_MS), ...(dispatcher === undefined ? {} : { dispatcher }) };
  try {
    const { statusCode, body } = await request(url, options);
    const text = await body.text();
    return statusCode === 200 ? text : undefined;
  } catch {
    return undefined;
  }
}
