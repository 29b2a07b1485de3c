/**
 * The usual Node design, as its users would write it: node:http with the http-proxy package and a keep-alive agent, and
 * with features on the same work as the other peers. Run by the benches: `node http-proxy-server.ts SCENARIO_AS_JSON`.
 */
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import httpProxy from 'http-proxy';
import { NodeEndpoints } from './node-endpoints.ts';
import { endpointPorts, LIMITS, type Scenario } from './scenario.ts';

/** One proxy with its endpoints. */
class FeatureProxy {
  readonly #proxy = httpProxy.createProxyServer({ agent: new http.Agent({ keepAlive: true }) });
  readonly endpoints: NodeEndpoints;

  constructor(ports: readonly number[]) {
    this.endpoints = new NodeEndpoints(ports);
  }

  /** Features off: everything to the first endpoint. */
  forward(request: http.IncomingMessage, response: http.ServerResponse): void {
    this.#proxy.web(request, response, { target: this.endpoints.all[0]!.target }, () => answer(response, 502));
  }

  /** Features on. */
  forwardWithFeatures(request: http.IncomingMessage, response: http.ServerResponse): void {
    const endpoint = this.endpoints.begin(request.headers.host ?? '', request.url ?? '');
    if (typeof endpoint === 'number') {
      answer(response, endpoint);
      return;
    }
    request.headers['x-request-id'] = randomUUID();
    response.once('close', () => this.endpoints.end(endpoint, response.statusCode >= 500));
    const options = { target: endpoint.target, xfwd: true, proxyTimeout: LIMITS.requestTimeoutMs };
    this.#proxy.web(request, response, options, () => answer(response, 502));
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
    .createServer((_, response) => response.end(JSON.stringify(proxy.endpoints.counts)))
    .listen({ port: scenario.adminPort, host: '127.0.0.1' });
}

main(JSON.parse(process.argv[2] ?? '') as Scenario);
