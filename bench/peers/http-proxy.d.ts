/** The little of http-proxy 1.18 that the bench uses; the package carries no types. */
declare module 'http-proxy' {
  import type { Agent, IncomingMessage, ServerResponse } from 'node:http';

  export interface WebOptions {
    readonly target: string;
    /** Adds x-forwarded-for, -port, -proto and -host. */
    readonly xfwd?: boolean;
    /** Milliseconds without an answer. */
    readonly proxyTimeout?: number;
  }

  export interface ProxyServer {
    web(request: IncomingMessage, response: ServerResponse, options: WebOptions, onError: (error: Error) => void): void;
  }

  const httpProxy: { createProxyServer(options: { readonly agent?: Agent }): ProxyServer };
  export default httpProxy;
}
