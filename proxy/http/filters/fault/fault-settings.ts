/**
 * Which requests get which fault (envoyproxy.io, Fault injection): compiled from the configuration, asked per request.
 * Runtime values may change shares, delays and statuses; those named after the client's x-envoy-downstream-service-cluster
 * count more.
 */
import type { FaultConfig } from '../../../config/model/http-filter.ts';
import type { RuntimeFraction } from '../../../config/model/match.ts';
import type { Loop } from '../../../net/loop.ts';
import { drawFraction, type Runtime } from '../../../routing/runtime.ts';
import type { Exchange } from '../../exchange.ts';
import type { Failure } from '../../failure.ts';
import { HeaderName } from '../../header-name.ts';
import type { RequestHead } from '../../message.ts';
import { chosenClusterName } from '../chosen-cluster.ts';
import { faultAbort } from '../filter-failures.ts';
import { compileHeaders } from '../header-test.ts';

const ABORT = new HeaderName('x-envoy-fault-abort-request');
const ABORT_GRPC = new HeaderName('x-envoy-fault-abort-grpc-request');
const ABORT_PERCENTAGE = new HeaderName('x-envoy-fault-abort-request-percentage');
const DELAY = new HeaderName('x-envoy-fault-delay-request');
const DELAY_PERCENTAGE = new HeaderName('x-envoy-fault-delay-request-percentage');
const CLIENT_CLUSTER = new HeaderName('x-envoy-downstream-service-cluster');
const CLIENT_NODE = new HeaderName('x-envoy-downstream-service-node');

/** What a timer can wait. */
const DELAY_MS_MAX = 0x7fff_ffff;

type Delay = NonNullable<FaultConfig['delay']>;
type Abort = NonNullable<FaultConfig['abort']>;

/** What they are made with. `headersRead` takes the names of the headers that they look at. */
export interface SettingsDeps {
  readonly runtime: Runtime;
  readonly loop: Loop;
  readonly headersRead: Set<string>;
}

export class FaultSettings {
  readonly #config: FaultConfig;
  readonly #runtime: Runtime;
  readonly #loop: Loop;
  readonly #expiresAtMs: number;
  readonly #headers: (exchange: Exchange) => boolean;

  /** `expiresAtMs`: from this wall time on they concern no request; Infinity for never. */
  constructor(config: FaultConfig, expiresAtMs: number, deps: SettingsDeps) {
    this.#config = config;
    this.#expiresAtMs = expiresAtMs;
    this.#runtime = deps.runtime;
    this.#loop = deps.loop;
    this.#headers = compileHeaders(config.headers, deps.headersRead);
  }

  /** Faults may be injected into this request. */
  concerns(exchange: Exchange): boolean {
    if (this.#leftMs() <= 0) return false;
    const { upstreamCluster, downstreamNodes } = this.#config;
    const { head } = exchange;
    if (upstreamCluster !== '' && chosenClusterName(exchange) !== upstreamCluster) return false;
    if (downstreamNodes.length > 0 && !downstreamNodes.includes(head.first(CLIENT_NODE) ?? '')) return false;
    return this.#headers(exchange);
  }

  #leftMs(): number {
    return this.#expiresAtMs === Infinity ? Infinity : this.#expiresAtMs - this.#loop.clock.wallMs();
  }

  /** How many faults may be active together. */
  get maxActive(): number {
    const { maxActiveFaults, maxActiveFaultsRuntimeKey } = this.#config;
    return this.#runtime.number(maxActiveFaultsRuntimeKey, maxActiveFaults ?? Infinity);
  }

  /** Draws whether the request is delayed, and for how long; 0 for not at all. */
  drawDelayMs(head: RequestHead): number {
    const { delay } = this.#config;
    if (delay === null || !this.#draw(head, delay.percentage, 'delay.fixed_delay_percent', percentageOf(delay)))
      return 0;
    const ms = delay.fixedMs ?? numberOf(head, DELAY);
    if (ms === null) return 0;
    const chosen = this.#number(head, delay.durationRuntimeKey, 'delay.fixed_duration_ms', ms);
    return Math.min(Math.max(0, chosen), DELAY_MS_MAX, this.#leftMs());
  }

  /** Draws whether the request is aborted: what it is answered with, or null. */
  drawAbort(head: RequestHead): Failure | null {
    const { abort } = this.#config;
    // A delay may have outlasted it.
    if (
      abort === null ||
      this.#leftMs() <= 0 ||
      !this.#draw(head, abort.percentage, 'abort.abort_percent', abortPercentageOf(abort))
    )
      return null;
    const status = httpStatusOf(head, abort);
    if (status !== null) {
      const chosen = this.#number(head, abort.httpRuntimeKey, 'abort.http_status', status);
      return faultAbort(isHttpStatus(chosen) ? chosen : status, null);
    }
    const grpcStatus = grpcStatusOf(head, abort);
    if (grpcStatus === null) return null;
    return faultAbort(200, this.#number(head, abort.grpcRuntimeKey, 'abort.grpc_status', grpcStatus));
  }

  /** `ofHeader`: the header by which the request may ask for a smaller share; null for none. */
  #draw(head: RequestHead, percentage: RuntimeFraction, name: string, ofHeader: HeaderName | null): boolean {
    const asked = ofHeader === null ? null : numberOf(head, ofHeader);
    const ownKey = clientKey(head, name);
    if (asked === null && ownKey === null) return drawFraction(percentage, this.#runtime, this.#loop.random);
    const numerator = asked === null ? percentage.numerator : Math.min(asked, percentage.numerator);
    const runtimeKey = ownKey ?? percentage.runtimeKey;
    return drawFraction({ ...percentage, numerator, runtimeKey }, this.#runtime, this.#loop.random);
  }

  #number(head: RequestHead, key: string, name: string, fallback: number): number {
    const value = this.#runtime.number(key, fallback);
    const ownKey = clientKey(head, name);
    return ownKey === null ? value : this.#runtime.number(ownKey, value);
  }
}

/** The runtime key that is the calling cluster's own, or null. */
function clientKey(head: RequestHead, name: string): string | null {
  const cluster = head.first(CLIENT_CLUSTER);
  return cluster === null ? null : `fault.http.${cluster}.${name}`;
}

function percentageOf({ fixedMs }: Delay): HeaderName | null {
  return fixedMs === null ? DELAY_PERCENTAGE : null;
}

function abortPercentageOf({ status }: Abort): HeaderName | null {
  return status.kind === 'header' ? ABORT_PERCENTAGE : null;
}

function httpStatusOf(head: RequestHead, { status }: Abort): number | null {
  if (status.kind === 'http') return status.code;
  const asked = status.kind === 'header' ? numberOf(head, ABORT) : null;
  return asked !== null && isHttpStatus(asked) ? asked : null;
}

function grpcStatusOf(head: RequestHead, { status }: Abort): number | null {
  if (status.kind === 'grpc') return status.code;
  return status.kind === 'header' ? numberOf(head, ABORT_GRPC) : null;
}

function isHttpStatus(number: number): boolean {
  return Number.isInteger(number) && number >= 200 && number < 600;
}

function numberOf(head: RequestHead, name: HeaderName): number | null {
  const text = head.first(name);
  return text !== null && /^[0-9]{1,9}$/.test(text) ? Number(text) : null;
}
