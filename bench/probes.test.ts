import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import type { Scenario } from './peers/scenario.ts';
import { judge, trafficProbe } from './probes.ts';

const BODY = Buffer.alloc(100, 'a');
const base = { features: true, adminPort: 1, backendPorts: [1], folder: '/tmp/peer', responseBytes: BODY.length };

/** The look at a server that answers each stream so. */
async function lookAt(
  t: Test,
  kind: Scenario['kind'],
  respond: (stream: http2.ServerHttp2Stream) => void,
): Promise<string> {
  const server = http2.createServer();
  server.on('stream', respond);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return trafficProbe({ ...base, kind, port: (server.address() as AddressInfo).port })();
}

/** Answers as a gRPC server does. */
function grpcAnswer(status: string | undefined, body: Buffer = BODY): (stream: http2.ServerHttp2Stream) => void {
  return (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(status === undefined ? {} : { 'grpc-status': status }));
    stream.end(body);
  };
}

t.test('a call that ends well with the whole body is right', async (t) => {
  t.equal(await lookAt(t, 'grpc', grpcAnswer('0')), '');
});

t.test('a call without its trailers, or with another status in them, is not', async (t) => {
  t.equal(await lookAt(t, 'grpc', grpcAnswer(undefined)), 'grpc-status is missing');
  t.equal(await lookAt(t, 'grpc', grpcAnswer('14')), 'grpc-status 14');
});

t.test('a body that is cut short is not right, with trailers or without', async (t) => {
  const short = BODY.subarray(1);
  t.match(await lookAt(t, 'grpc', grpcAnswer('0', short)), 'a body of 99 bytes where the backend sends 100');
  const plain = (stream: http2.ServerHttp2Stream) => {
    stream.respond({ ':status': 200 });
    stream.end(short);
  };
  t.match(await lookAt(t, 'http2-to-http1', plain), 'a body of 99 bytes');
});

t.test('another status is told, and so is a server that is not there', async (t) => {
  const refuse = (stream: http2.ServerHttp2Stream) => stream.respond({ ':status': 503 }, { endStream: true });
  t.equal(await lookAt(t, 'http2-to-http1', refuse), 'status 503');
  t.match(await trafficProbe({ ...base, kind: 'grpc', port: 1 })(), 'ECONNREFUSED');
});

t.test('where the length is not known only the status counts', (t) => {
  t.equal(judge({ status: 200, bodyBytes: 7 }, { kind: 'http1' }), '');
  t.equal(judge({ status: 404, bodyBytes: 7 }, { kind: 'http1' }), 'status 404');
  t.equal(judge('connection refused', { kind: 'http1' }), 'connection refused');
  t.end();
});
