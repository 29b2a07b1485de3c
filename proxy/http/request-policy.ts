/**
 * What a connection manager does to requests with an unusual trait: refused, repaired or answered before routing.
 *
 *   trait of the head ──watched by this configuration? ──no──► nothing is done (the usual case: one bit test)
 *                                            └──yes──► admit: repairs the head, or ends the exchange
 */
import type { HttpConnectionManagerConfig } from '../config/model/listener.ts';
import type { Exchange } from './exchange.ts';
import {
  CONNECT_REFUSED,
  CONNECT_WITHOUT_PORT,
  EXPECTATION_FAILED,
  MAX_FORWARDS_INVALID,
  PATH_REFUSED,
  TRACE_REFUSED,
  UNDERSCORE_REFUSED,
  UPGRADE_REFUSED,
  UPGRADE_WITH_BODY,
} from './failure.ts';
import { HeaderName } from './header-name.ts';
import { normalizePath } from './path-normalizer.ts';
import {
  TRAIT_CLIENT_CERT,
  TRAIT_CONNECT,
  TRAIT_ENVOY_HEADER,
  TRAIT_MAX_FORWARDS,
  TRAIT_TRACE,
  TRAIT_UNDERSCORE,
  TRAIT_UNKNOWN_EXPECTATION,
  TRAIT_UNUSUAL_PATH,
  TRAIT_UPGRADE,
} from './request-traits.ts';

/** Headers by which Envoy's router is steered; a client outside may not set them, and without internal addresses all are. */
const CONTROL_HEADERS = [
  'x-envoy-retry-on',
  'x-envoy-retry-grpc-on',
  'x-envoy-max-retries',
  'x-envoy-retriable-status-codes',
  'x-envoy-retriable-header-names',
  'x-envoy-upstream-rq-timeout-ms',
  'x-envoy-upstream-rq-per-try-timeout-ms',
  'x-envoy-upstream-rq-timeout-alt-response',
  'x-envoy-expected-rq-timeout-ms',
  'x-envoy-hedge-on-per-try-timeout',
  'x-envoy-upstream-alt-stat-name',
  'x-envoy-upstream-stream-duration-ms',
  'x-envoy-ip-tags',
  'x-envoy-original-url',
  'x-envoy-force-trace',
].map((name) => new HeaderName(name));

/** Headers that the first proxy of a mesh removes as well. */
const EDGE_HEADERS = [
  'x-envoy-decorator-operation',
  'x-envoy-downstream-service-cluster',
  'x-envoy-downstream-service-node',
  'x-envoy-original-path',
  'x-envoy-original-host',
  'x-envoy-internal',
  'x-envoy-external-address',
  'x-envoy-attempt-count',
].map((name) => new HeaderName(name));

/** Fields that only this mesh writes. */
const OWN_PREFIX = 'x-outrider-';

const CLIENT_CERT = new HeaderName('x-forwarded-client-cert');
const MAX_FORWARDS = new HeaderName('max-forwards');

export class RequestPolicy {
  /** The traits with which a request has to be admitted. HOT. */
  readonly watched: number;
  readonly #config: HttpConnectionManagerConfig;

  constructor(config: HttpConnectionManagerConfig) {
    this.#config = config;
    const { normalizePath, mergeSlashes, escapedSlashes, headersWithUnderscores } = config;
    // Whatever the configuration: tunnels and TRACE are not served, and a client certificate is only what TLS proved
    // (Envoy's default for forward_client_cert_details, SANITIZE).
    let watched = TRAIT_TRACE | TRAIT_CONNECT | TRAIT_UNKNOWN_EXPECTATION | TRAIT_MAX_FORWARDS | TRAIT_CLIENT_CERT;
    watched |= TRAIT_ENVOY_HEADER;
    watched |= TRAIT_UPGRADE;
    if (normalizePath || mergeSlashes || escapedSlashes !== 'keep') watched |= TRAIT_UNUSUAL_PATH;
    if (headersWithUnderscores !== 'allow') watched |= TRAIT_UNDERSCORE;
    this.watched = watched;
  }

  /** Repairs the request. False when it was refused or answered: the exchange has ended. */
  admit(exchange: Exchange): boolean {
    const { head } = exchange;
    const traits = head.traits & this.watched;
    if ((traits & TRAIT_UNDERSCORE) !== 0) {
      if (this.#config.headersWithUnderscores === 'reject') {
        exchange.fail(UNDERSCORE_REFUSED);
        return false;
      }
      head.dropWhere((name) => name.includes('_'));
    }
    if ((traits & TRAIT_CLIENT_CERT) !== 0) head.remove(CLIENT_CERT);
    if ((traits & TRAIT_ENVOY_HEADER) !== 0 && !exchange.internal) {
      for (const name of CONTROL_HEADERS) head.remove(name);
      if (this.#config.useRemoteAddress) {
        for (const name of EDGE_HEADERS) head.remove(name);
        head.dropWhere((name) => name.startsWith(OWN_PREFIX));
      }
    }
    if ((traits & TRAIT_UNKNOWN_EXPECTATION) !== 0) exchange.fail(EXPECTATION_FAILED);
    else if ((traits & TRAIT_TRACE) !== 0) exchange.fail(TRACE_REFUSED);
    else if ((traits & TRAIT_CONNECT) !== 0) noteConnect(exchange);
    else if ((traits & TRAIT_UPGRADE) !== 0) noteUpgrade(exchange);
    if (exchange.ended) return false;
    if ((traits & TRAIT_MAX_FORWARDS) !== 0 && !forwardsLeft(exchange)) return false;
    return (traits & TRAIT_UNUSUAL_PATH) === 0 || this.#normalize(exchange);
  }

  #normalize(exchange: Exchange): boolean {
    const { head } = exchange;
    const before = head.path;
    const result = normalizePath(before, this.#config);
    switch (result.kind) {
      case 'use':
        if (result.path !== before) head.setPath(result.path);
        return true;
      case 'redirect':
        exchange.answer(307, `location: ${result.path}\r\n`, '');
        return false;
      case 'refuse':
        exchange.fail(PATH_REFUSED);
        return false;
    }
  }
}

/** RFC 9110 section 9.3.6: a tunnel to a host and a port. Only routes made for it take one. */
function noteConnect(exchange: Exchange): void {
  const { head, active } = exchange;
  if (active.table?.takesConnect !== true) exchange.fail(CONNECT_REFUSED);
  else if (!CONNECT_TARGET.test(head.authority)) exchange.fail(CONNECT_WITHOUT_PORT);
  else if (head.framing !== 'none') exchange.fail(UPGRADE_WITH_BODY);
  else exchange.upgrade = 'connect';
}

const CONNECT_TARGET = /.:0*[1-9][0-9]{0,4}$/;

/**
 * Keeps what the client wants to upgrade to; its route decides. Upgrades to HTTP/2 and TLS are offers that a server may
 * pass over (RFC 9110 section 7.8), and clients make them with ordinary requests: those stay what they are.
 */
function noteUpgrade(exchange: Exchange): void {
  const type = exchange.head.upgradeValue.toLowerCase();
  if (type === 'h2c' || type.startsWith('tls/')) {
    // An extended CONNECT is no ordinary request that makes an offer.
    if (exchange.downstream.protocol === 'HTTP/2') exchange.fail(UPGRADE_REFUSED);
    return;
  }
  if (exchange.head.framing !== 'none') exchange.fail(UPGRADE_WITH_BODY);
  else exchange.upgrade = type;
}

/** RFC 9110 section 7.6.2: OPTIONS with 0 ends here, else the number is one less. Other methods ignore the field. */
function forwardsLeft(exchange: Exchange): boolean {
  const { head } = exchange;
  if (head.method !== 'OPTIONS') return true;
  const value = head.first(MAX_FORWARDS) ?? '';
  if (!/^[0-9]{1,9}$/.test(value)) {
    exchange.fail(MAX_FORWARDS_INVALID);
    return false;
  }
  if (Number(value) === 0) {
    exchange.answer(200, '', '');
    return false;
  }
  head.remove(MAX_FORWARDS);
  head.add('max-forwards', String(Number(value) - 1));
  return true;
}
