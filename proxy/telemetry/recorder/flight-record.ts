/** What is remembered of one exchange. Plain values: nothing here keeps a configuration or a connection alive. */
import type { Decision } from '../../http/decision.ts';
import type { Exchange } from '../../http/exchange.ts';
import { responseFlags } from '../../http/format-commands.ts';

/** Of a path: the rest is cut. */
const PATH_CHARS_MAX = 256;

export class FlightRecord {
  /** Grows by one with each exchange of the loop. */
  sequence = 0;
  /** Monotonic milliseconds. */
  startedMs = 0;
  endedMs = 0;
  method = '';
  authority = '';
  /** As the client sent it. */
  path = '';
  /** Address of the client's end of the connection. */
  client = '';
  /** `HTTP/1.1`, ... towards the client, and towards the endpoint; empty where it did not come to that. */
  protocol = '';
  upstreamProtocol = '';
  virtualHost = '';
  route = '';
  cluster = '';
  /** `host:port` of the endpoint that was picked last. */
  endpoint = '';
  attempts = 0;
  /** 0 when nothing was answered. */
  status = 0;
  /** Envoy's response flags, such as `UF,URX`; empty for none. */
  flags = '';
  /** Envoy's response code details and the sentence of the failure; empty when there was none. */
  details = '';
  sentence = '';
  decisions: readonly Decision[] = [];
  /** It failed, or something had to be decided. */
  troubled = false;

  /** Takes over what there is to know. HOT. */
  take(exchange: Exchange, sequence: number, nowMs: number, troubled: boolean): void {
    const { downstream, route, failure, path } = exchange;
    this.sequence = sequence;
    this.startedMs = exchange.startedMs;
    this.endedMs = nowMs;
    this.method = exchange.method;
    this.authority = exchange.authority;
    this.path = path.length > PATH_CHARS_MAX ? path.slice(0, PATH_CHARS_MAX) : path;
    this.client = downstream.connection.remote.host;
    this.protocol = downstream.protocol;
    this.upstreamProtocol = exchange.upstreamProtocol;
    this.virtualHost = route === null ? '' : route.virtualHost.name;
    this.route = route === null ? '' : route.config.name;
    this.cluster = exchange.clusterName;
    this.endpoint = exchange.upstreamHost;
    this.attempts = exchange.attempts;
    this.status = exchange.status;
    this.flags = failure === null && exchange.flags === null ? '' : responseFlags(exchange).join(',');
    this.details = failure === null ? '' : failure.details;
    this.sentence = failure === null ? '' : failure.sentence;
    this.decisions = exchange.decisions ?? NONE;
    this.troubled = troubled;
  }
}

const NONE: readonly Decision[] = [];
