/** Looks at a starting peer: whether it answers, and whether the answer is the one that the backend gives. */
import http from 'node:http';
import http2 from 'node:http2';
import { connect } from 'node:net';
import { GRPC_PATH, GRPC_REQUEST, HOSTS, REQUEST_PATH, type Scenario } from './peers/scenario.ts';

/** A look at the peer: an empty string when it is there and right, else what was seen instead. */
export type Probe = () => Promise<string>;

const ANSWER_LIMIT_MS = 1000;

/** What came back. */
interface Answer {
  readonly status: number;
  readonly bodyBytes: number;
  /** The status in the trailers of gRPC; undefined when there is none. */
  readonly grpcStatus?: string | undefined;
}

/** The look at a scenario's traffic. For bytes and TLS from the client it is only that the port accepts. */
export function trafficProbe(scenario: Scenario): Probe {
  const { kind, port } = scenario;
  switch (kind) {
    case 'tcp':
    case 'tls-terminate':
      return () => accepts(port);
    case 'http1':
    case 'tls-originate':
    case 'http1-to-http2':
      return async () => judge(await get({ port, path: REQUEST_PATH, headers: { host: HOSTS[0]! } }), scenario);
    case 'grpc':
    case 'http2-to-http1':
      return async () => judge(await requestOverHttp2(port, kind === 'grpc'), scenario);
  }
}

/** The look at a path that answers 200. */
export function pathProbe(port: number, path: string): Probe {
  return async () => {
    const answer = await get({ port, path });
    return typeof answer === 'string' ? answer : judgeStatus(answer);
  };
}

/** What is wrong with an answer; an empty string for nothing. A string is what was seen instead of an answer. */
export function judge(answer: Answer | string, scenario: Pick<Scenario, 'kind' | 'responseBytes'>): string {
  if (typeof answer === 'string') return answer;
  const wrong = judgeStatus(answer);
  if (wrong !== '') return wrong;
  const { kind, responseBytes } = scenario;
  if (responseBytes !== undefined && answer.bodyBytes !== responseBytes) {
    return `a body of ${answer.bodyBytes} bytes where the backend sends ${responseBytes}`;
  }
  if (kind === 'grpc' && answer.grpcStatus !== '0') return `grpc-status ${answer.grpcStatus ?? 'is missing'}`;
  return '';
}

function judgeStatus({ status }: Answer): string {
  return status === 200 ? '' : `status ${status}`;
}

function get(options: http.RequestOptions): Promise<Answer | string> {
  return new Promise((resolve) => {
    const request = http.get({ host: '127.0.0.1', agent: false, timeout: ANSWER_LIMIT_MS, ...options }, (response) => {
      let bodyBytes = 0;
      response.on('data', (data: Buffer) => {
        bodyBytes += data.length;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, bodyBytes }));
      response.on('error', (error) => resolve(error.message));
    });
    request.on('timeout', () => request.destroy(new Error('no answer in a second')));
    request.on('error', (error) => resolve(error.message));
  });
}

/** One gRPC call, or one plain request, on a connection of its own. */
function requestOverHttp2(port: number, grpc: boolean): Promise<Answer | string> {
  return new Promise((resolve) => {
    const session = http2.connect(`http://127.0.0.1:${port}`);
    const done = (answer: Answer | string) => {
      session.destroy();
      resolve(answer);
    };
    session.on('error', (error) => done(error.message));
    session.setTimeout(ANSWER_LIMIT_MS, () => done('no answer in a second'));
    const stream = session.request({
      ':authority': HOSTS[0]!,
      ...(grpc
        ? { ':method': 'POST', ':path': GRPC_PATH, 'content-type': 'application/grpc', te: 'trailers' }
        : { ':path': REQUEST_PATH }),
    });
    let status = 0;
    let bodyBytes = 0;
    let grpcStatus: string | undefined;
    stream.on('response', (headers) => {
      status = headers[':status'] ?? 0;
    });
    stream.on('trailers', (trailers) => {
      const value = trailers['grpc-status'];
      grpcStatus = value === undefined ? undefined : String(value);
    });
    stream.on('data', (data: Buffer) => {
      bodyBytes += data.length;
    });
    stream.on('end', () => done({ status, bodyBytes, grpcStatus }));
    stream.on('error', (error) => done(error.message));
    stream.end(grpc ? GRPC_REQUEST : undefined);
  });
}

function accepts(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('error', (error) => resolve(error.message));
    socket.on('connect', () => {
      socket.destroy();
      resolve('');
    });
  });
}
