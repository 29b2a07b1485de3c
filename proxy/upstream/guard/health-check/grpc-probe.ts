/** grpc.health.v1.Health/Check (envoy.config.core.v3.HealthCheck.GrpcHealthCheck): SERVING is well. */
import type { GrpcProbeConfig } from '../../../config/model/health-check.ts';
import type { Trailers } from '../../../http/header-field.ts';
import { HeaderName } from '../../../http/header-name.ts';
import type { ResponseHead } from '../../../http/message.ts';
import type { CheckOutcome } from './check-state.ts';
import { decodeServingStatus, encodeCheckRequest, SERVING } from './grpc-health-messages.ts';
import { CHECK_USER_AGENT } from './http-probe.ts';
import { PayloadMatcher } from './payload.ts';
import type { ProbeTarget } from './probe.ts';
import { RequestProbe, withHeaders } from './request-probe.ts';

const PATH = '/grpc.health.v1.Health/Check';
const GRPC_STATUS = new HeaderName('grpc-status');
/** An answer is a few bytes. */
const ANSWER_BYTES_MAX = 1_024;

export class GrpcProbe extends RequestProbe {
  readonly #answer = new PayloadMatcher([], ANSWER_BYTES_MAX);
  #status = 0;
  /** Of an answer without a body. */
  #grpcStatus: string | null = null;

  constructor(target: ProbeTarget, { service, metadata }: GrpcProbeConfig) {
    const own = ['content-type: application/grpc', 'te: trailers', `user-agent: ${CHECK_USER_AGENT}`];
    const head = `POST ${PATH} HTTP/1.1\r\nhost: ${target.authority}\r\n${withHeaders(own, metadata)}\r\n`;
    super(target, head + encodeCheckRequest(service).latin1Slice(), false);
  }

  protected readHead(head: ResponseHead): void {
    this.#status = head.status;
    this.#grpcStatus = head.first(GRPC_STATUS);
    this.#answer.reset();
  }

  protected readBody(buffer: Buffer, start: number, end: number): void {
    if (!this.#answer.feed(buffer, start, end)) this.cutShort(FAILED);
  }

  protected judge(trailers: Trailers): CheckOutcome {
    const status = trailers.find(({ name }) => name === GRPC_STATUS.name)?.value ?? this.#grpcStatus;
    const serves = this.#status === 200 && status === '0' && decodeServingStatus(this.#answer.seen) === SERVING;
    return serves ? { kind: 'success', degraded: false } : FAILED;
  }
}

const FAILED: CheckOutcome = { kind: 'failure', decides: true, excludes: false };
