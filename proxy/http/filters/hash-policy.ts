/**
 * By what a request is placed among the endpoints of a hashing cluster (envoy.config.route.v3.RouteAction.HashPolicy).
 * Compiled with the route; the hashes are Envoy's, so that a key has the same place here and there.
 */
import { hostPortText } from '../../../kernel/host-port.ts';
import type { HashPolicyConfig } from '../../config/model/route.ts';
import { queryParameter } from '../../routing/matchers.ts';
import { XxHash64 } from '../../upstream/picker/hashing/xx-hash.ts';
import { clientAddress } from '../client-address.ts';
import { cookieValue, setCookieValue } from '../cookies.ts';
import type { Exchange } from '../exchange.ts';
import { HeaderName } from '../header-name.ts';
import type { RequestHead } from '../message.ts';
import type { RequestHash } from '../request-hash.ts';

type HashSource = HashPolicyConfig['source'];
type HeaderSource = Extract<HashSource, { readonly kind: 'header' }>;
type CookieSource = Extract<HashSource, { readonly kind: 'cookie' }>;

/** What one policy hashes: the result is left in `hash`. False when the request has nothing of the kind. */
type Source = (exchange: Exchange, hash: XxHash64, cookies: string[]) => boolean;

interface Step {
  readonly source: Source;
  readonly terminal: boolean;
}

export class HashPolicy {
  readonly #steps: readonly Step[];
  readonly #hash = new XxHash64();

  constructor(policies: readonly HashPolicyConfig[]) {
    this.#steps = policies.map(({ source, terminal }) => ({ source: compileSource(source), terminal }));
  }

  /** The hash of all policies that find something, up to the first terminal one that follows such; null for none. */
  hash(exchange: Exchange): RequestHash | null {
    const cookies: string[] = [];
    const hash = this.#hash;
    let found = false;
    let hi = 0;
    let lo = 0;
    for (const { source, terminal } of this.#steps) {
      if (source(exchange, hash, cookies)) {
        // Turned by a bit, so that two policies that find the same do not cancel each other out.
        const turnedHi = (hi << 1) | (lo >>> 31);
        lo = (((lo << 1) | (hi >>> 31)) ^ hash.lo) >>> 0;
        hi = (turnedHi ^ hash.hi) >>> 0;
        found = true;
      }
      if (terminal && found) break;
    }
    return found ? { hi, lo, newCookies: cookies.length === 0 ? null : cookies } : null;
  }
}

function compileSource(source: HashSource): Source {
  switch (source.kind) {
    case 'header':
      return headerSource(source);
    case 'cookie':
      return cookieSource(source);
    case 'source-ip':
      return (exchange, hash) => hash.of(clientAddress(exchange).address) !== null;
    case 'query': {
      const { name } = source;
      return ({ head }, hash) => {
        const mark = head.path.indexOf('?');
        const value = mark < 0 ? null : queryParameter(head.path.slice(mark + 1), name);
        return value !== null && hash.of(value) !== null;
      };
    }
  }
}

/** Values of several lines are hashed one after the other in order of their text: their order in the message is nothing. */
function headerSource({ name, rewrite }: HeaderSource): Source {
  const header = new HeaderName(name);
  const regex = rewrite === null ? null : new RegExp(rewrite.regex.source, `${rewrite.regex.flags}g`);
  const rewritten = (value: string) => (regex === null ? value : value.replace(regex, rewrite!.substitution));
  return ({ head }, hash) => {
    const values = valuesOf(head, header);
    if (values === null) return false;
    if (typeof values === 'string') {
      hash.of(rewritten(values));
      return true;
    }
    let seedHi = 0;
    let seedLo = 0;
    for (const value of values.map(rewritten).sort()) {
      hash.of(value, seedHi, seedLo);
      seedHi = hash.hi;
      seedLo = hash.lo;
    }
    return true;
  };
}

/** The only value, all values, or null when there is none. */
function valuesOf(head: RequestHead, header: HeaderName): string | readonly string[] | null {
  switch (header.name) {
    case ':path':
      return head.path;
    case ':method':
      return head.method;
    case ':authority':
    case 'host':
      return head.authority;
  }
  const first = head.find(header, 0);
  const second = first < 0 ? -1 : head.find(header, first + 1);
  if (second < 0) return head.first(header);
  const values = [head.value(first)];
  for (let line = second; line >= 0; line = head.find(header, line + 1)) values.push(head.value(line));
  return values;
}

/** A client without the cookie gets one that says where its connection comes from, as in Envoy. */
function cookieSource({ name, ttlSeconds, path, attributes }: CookieSource): Source {
  return ({ head, downstream }, hash, cookies) => {
    const value = cookieValue(head, name);
    if (value !== null && value !== '') {
      hash.of(value);
      return true;
    }
    if (ttlSeconds === null) return false;
    const { remote, local } = downstream.connection;
    const { hi, lo } = hash.of(hostPortText(remote) + hostPortText(local));
    const made = hex(hi) + hex(lo);
    cookies.push(setCookieValue(name, made, ttlSeconds, path, attributes));
    hash.of(made);
    return true;
  };
}

function hex(half: number): string {
  return half.toString(16).padStart(8, '0');
}
