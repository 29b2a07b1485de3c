/** Asks a gRPC server how it is (github.com/grpc/grpc, doc/health-checking.md: grpc.health.v1.Health/Check). */
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import type { Timers } from '../../kernel/timers.ts';

const CHECK = '/grpc.health.v1.Health/Check';
/** HealthCheckResponse.ServingStatus. */
const STATUS_NAMES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
const SERVING = 1;
/** Field 1 of HealthCheckRequest, a string, and of HealthCheckResponse, a number. */
const SERVICE_TAG = 0x0a;
const STATUS_TAG = 0x08;

/**
 * Null when the server says SERVING of `service` (empty: of itself), else a sentence. Never rejects. A connection of its
 * own each time: that the application accepts is part of it.
 */
export function probeGrpc(
  host: string,
  port: number,
  service: string,
  timeoutMs: number,
  timers: Timers,
): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const place = `grpc.health.v1.Health at ${host}:${port}`;
  const client = new Client(`${host}:${port}`, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_http_proxy': 0,
  });
  const call = client.makeUnaryRequest(CHECK, encodeRequest, decodeStatus, service, (error, answer) => {
    timer.cancel();
    client.close();
    if (error !== null) resolve(tell(error, place));
    else if (answer === SERVING) resolve(null);
    else resolve(`${place} says ${STATUS_NAMES[answer ?? 0] ?? String(answer)}`);
  });
  const timer = timers.after(timeoutMs, () => {
    resolve(`${place} did not answer within ${timeoutMs} ms`);
    call.cancel();
  });
  return promise;
}

function tell(error: ServiceError, place: string): string {
  switch (error.code) {
    case status.UNIMPLEMENTED:
      return `${place}: the application does not have that service; leave health.grpc out, or add it`;
    case status.NOT_FOUND:
      return `${place} does not know the service that is asked for`;
    default:
      return `${place}: ${error.details}`;
  }
}

function encodeRequest(service: string): Buffer {
  const name = Buffer.from(service, 'utf8');
  return name.length === 0 ? name : Buffer.concat([Buffer.from([SERVICE_TAG, name.length]), name]);
}

/** UNKNOWN is 0, and left out. */
function decodeStatus(bytes: Buffer): number {
  return bytes[0] === STATUS_TAG ? (bytes[1] ?? 0) : 0;
}
