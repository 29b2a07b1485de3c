/** What the Node designs share: routes, endpoints with their counts, and the rules that pick one and take one out. */
import { HOSTS, LIMITS, PREFIXES } from './scenario.ts';

/** One endpoint. */
export interface NodeEndpoint {
  /** Its origin, such as `http://127.0.0.1:8080`. */
  readonly target: string;
  inFlight: number;
  failuresInARow: number;
  ejectedUntilMs: number;
}

/** The features of a Node design, as its users would write them: plain objects and a Map. */
export class NodeEndpoints {
  readonly all: readonly NodeEndpoint[];
  readonly counts = { requests: 0, failures: 0, unrouted: 0, refused: 0 };
  readonly #routes = new Map(HOSTS.map((host) => [host, PREFIXES]));

  constructor(ports: readonly number[]) {
    this.all = ports.map((port) => ({
      target: `http://127.0.0.1:${port}`,
      inFlight: 0,
      failuresInARow: 0,
      ejectedUntilMs: 0,
    }));
  }

  /** Counts a request and takes a place at an endpoint for it; the status to refuse it with when there is none. */
  begin(host: string, path: string): NodeEndpoint | number {
    this.counts.requests++;
    const prefixes = this.#routes.get(host);
    if (prefixes === undefined || !prefixes.some((prefix) => path.startsWith(prefix))) {
      this.counts.unrouted++;
      return 404;
    }
    const endpoint = this.#pick();
    if (endpoint === undefined || endpoint.inFlight >= LIMITS.requestsInFlight) {
      this.counts.refused++;
      return 503;
    }
    endpoint.inFlight++;
    return endpoint;
  }

  /** Gives the place back, and judges by the outcome: failures in a row put an endpoint out for a while. */
  end(endpoint: NodeEndpoint, failed: boolean): void {
    endpoint.inFlight--;
    endpoint.failuresInARow = failed ? endpoint.failuresInARow + 1 : 0;
    if (failed) this.counts.failures++;
    if (endpoint.failuresInARow < LIMITS.consecutiveFailures) return;
    endpoint.failuresInARow = 0;
    endpoint.ejectedUntilMs = performance.now() + LIMITS.ejectionMs;
  }

  #pick(): NodeEndpoint | undefined {
    const live = this.all.filter((each) => each.ejectedUntilMs <= performance.now());
    const a = live[Math.floor(Math.random() * live.length)];
    const b = live[Math.floor(Math.random() * live.length)];
    return a !== undefined && b !== undefined && b.inFlight < a.inFlight ? b : a;
  }
}
