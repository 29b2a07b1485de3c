/** The configuration under test: strict, as a mesh would run it at its edge. */
import type { HttpConnectionManagerConfig } from '../../proxy/config/model/listener.ts';
import type { RequestMessage } from '../component/data-plane/http-text.ts';
import { response, type UpstreamConnection } from '../component/data-plane/raw-upstream.ts';

export const STRICT: Partial<HttpConnectionManagerConfig> = {
  normalizePath: true,
  mergeSlashes: true,
  escapedSlashes: 'reject',
  headersWithUnderscores: 'reject',
  // The HTTP/2 preface is one of the cases: here it is no more than a bad request.
  codec: 'http1',
  via: '1.1 mesh',
  useRemoteAddress: true,
  requestHeadersTimeoutMs: 2_000,
  requestTimeoutMs: 5_000,
  delayedCloseTimeoutMs: 200,
  http1: {
    acceptHttp10: true,
    defaultHostForHttp10: 'ten.test',
    allowAbsoluteUrl: true,
    allowChunkedLength: false,
    enableTrailers: false,
  },
};

/** 200 with the target as body; chunked for a target that asks for it. */
export function answer(request: RequestMessage, connection: UpstreamConnection): void {
  const { method, target } = request;
  if (method === 'HEAD') connection.send(response(''));
  else if (!target.includes('resp=chunked')) connection.send(response(target));
  else connection.send('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n');
}
