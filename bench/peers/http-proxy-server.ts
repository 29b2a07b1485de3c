/**
 * The usual Node design, as its users would write it: node:http with the http-proxy package and a keep-alive agent, and
 * with features on the same work as the other peers. Run by the benches: `node http-proxy-server.ts SCENARIO_AS_JSON`.
 */
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import httpProxy from 'http-proxy';
import { endpointPorts, HOSTS, LIMITS, PREFIXES, type Scenario } from './scenario.ts';

interface Endpoint {
  readonly target: string;
  inFlight: number;
  failuresInARow: number;
  ejectedUntilMs: number;
}

/** One proxy with its endpoints and counts. */
class FeatureProxy {
  readonly #proxy = httpProxy.createProxyServer({ agent: new http.Agent({ keepAlive: true }) });
  readonly #endpoints: readonly Endpoint[];
  readonly #routes = new Map(HOSTS.map((host) => [host, PREFIXES]));
  readonly counts = { requests: 0, failures: 0, unrouted: 0, refused: 0 };

  constructor(ports: readonly number[]) {
    this.#endpoints = ports.map((port) => ({
      target: `http://127.0.0.1:${port}`,
      inFlight: 0,
      failuresInARow: 0,
      ejectedUntilMs: 0,
    }));
  }

  /** Features off: everything to the first endpoint. */
  forward(request: http.IncomingMessage, response: http.ServerResponse): void {
    this.#proxy.web(request, response, { target: this.#endpoints[0]!.target }, () => answer(response, 502));
  }

  /** Features on. */
  forwardWithFeatures(request: http.IncomingMessage, response: http.ServerResponse): void {
    this.counts.requests++;
    const prefixes = this.#routes.get(request.headers.host ?? '');
    if (prefixes === undefined || !prefixes.some((prefix) => request.url?.startsWith(prefix))) {
      this.counts.unrouted++;
      answer(response, 404);
      return;
    }
    const endpoint = this.#pick();
    if (endpoint === undefined || endpoint.inFlight >= LIMITS.requestsInFlight) {
      this.counts.refused++;
      answer(response, 503);
      return;
    }
    request.headers['x-request-id'] = randomUUID();
    endpoint.inFlight++;
    response.once('close', () => {
      endpoint.inFlight--;
      this.#judge(endpoint, response.statusCode >= 500);
    });
    const options = { target: endpoint.target, xfwd: true, proxyTimeout: LIMITS.requestTimeoutMs };
    this.#proxy.web(request, response, options, () => answer(response, 502));
  }

  #pick(): Endpoint | undefined {
    const live = this.#endpoints.filter((each) => each.ejectedUntilMs <= performance.now());
    const a = live[Math.floor(Math.random() * live.length)];
    const b = live[Math.floor(Math.random() * live.length)];
    return a !== undefined && b !== undefined && b.inFlight < a.inFlight ? b : a;
  }

  /** Counts an outcome for the outlier rule: failures in a row put an endpoint out for a while. */
  #judge(endpoint: Endpoint, failed: boolean): void {
    endpoint.failuresInARow = failed ? endpoint.failuresInARow + 1 : 0;
    if (failed) this.counts.failures++;
    if (endpoint.failuresInARow < LIMITS.consecutiveFailures) return;
    endpoint.failuresInARow = 0;
    endpoint.ejectedUntilMs = performance.now() + LIMITS.ejectionMs;
  }
}

function answer(response: http.ServerResponse, status: number): void {
  if (!response.headersSent) response.writeHead(status);
  response.end();
}

function main(scenario: Scenario): void {
  const proxy = new FeatureProxy(endpointPorts(scenario));
  const onRequest: http.RequestListener = scenario.features
    ? (request, response) => proxy.forwardWithFeatures(request, response)
    : (request, response) => proxy.forward(request, response);
  http
    .createServer({ keepAliveTimeout: 300_000 }, onRequest)
    .listen({ port: scenario.port, host: '127.0.0.1', backlog: 4096 });
  http
    .createServer((_, response) => response.end(JSON.stringify(proxy.counts)))
    .listen({ port: scenario.adminPort, host: '127.0.0.1' });
}

main(JSON.parse(process.argv[2] ?? '') as Scenario);
