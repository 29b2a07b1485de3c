/** An HTTP request whose answer says how its endpoint is (envoy.config.core.v3.HealthCheck.HttpHealthCheck). */
import type { HttpProbeConfig, StatusRange } from '../../../config/model/health-check.ts';
import { HeaderName } from '../../../http/header-name.ts';
import type { ResponseHead } from '../../../http/message.ts';
import { compileString, type StringTest } from '../../../routing/matchers.ts';
import type { CheckOutcome } from './check-state.ts';
import { PayloadMatcher } from './payload.ts';
import type { ProbeTarget } from './probe.ts';
import { RequestProbe, withHeaders } from './request-probe.ts';

/** What checks call themselves towards endpoints. */
export const CHECK_USER_AGENT = 'Outrider/HC';

const DEGRADED = new HeaderName('x-envoy-degraded');
export const IMMEDIATE_FAIL = new HeaderName('x-envoy-immediate-health-check-fail');
const CHECKED_CLUSTER = new HeaderName('x-envoy-upstream-healthchecked-cluster');

export class HttpProbe extends RequestProbe {
  readonly #config: HttpProbeConfig;
  readonly #isService: StringTest | null;
  readonly #body: PayloadMatcher;
  #status = 0;
  #degraded = false;
  #leaves = false;
  #serviceName = '';

  constructor(target: ProbeTarget, config: HttpProbeConfig) {
    const { method, path, headers, removedHeaders, serviceName } = config;
    const lines = withHeaders([`user-agent: ${CHECK_USER_AGENT}`], headers, removedHeaders);
    super(target, `${method} ${path} HTTP/1.1\r\nhost: ${target.authority}\r\n${lines}\r\n`, method === 'HEAD');
    this.#config = config;
    this.#isService = serviceName === null ? null : compileString(serviceName);
    this.#body = new PayloadMatcher(config.receive, config.bodyBytes);
  }

  protected readHead(head: ResponseHead): void {
    this.#status = head.status;
    this.#degraded = head.first(DEGRADED) !== null;
    this.#leaves = head.first(IMMEDIATE_FAIL) !== null;
    this.#serviceName = head.first(CHECKED_CLUSTER) ?? '';
    this.#body.reset();
  }

  /** What is longer than what is kept counts as far as it is kept. */
  protected readBody(buffer: Buffer, start: number, end: number): void {
    if (this.#config.receive.length > 0) this.#body.feed(buffer, start, end);
  }

  protected judge(): CheckOutcome {
    const { expectedStatuses, retriableStatuses } = this.#config;
    if (!isIn(expectedStatuses, this.#status)) {
      return { kind: 'failure', decides: !isIn(retriableStatuses, this.#status), excludes: this.#leaves };
    }
    if (!this.#body.matches) return FAILED;
    if (this.#isService !== null) {
      this.target.onServiceName();
      if (!this.#isService(this.#serviceName)) return FAILED;
    }
    return { kind: 'success', degraded: this.#degraded };
  }
}

const FAILED: CheckOutcome = { kind: 'failure', decides: true, excludes: false };

function isIn(ranges: readonly StatusRange[], status: number): boolean {
  return ranges.some(({ start, end }) => status >= start && status < end);
}
