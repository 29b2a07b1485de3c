/** Where a session stands in messages: in a cookie, or in a header. Compiled with the routes. */
import type { Clock } from '../../../../kernel/clock.ts';
import type { StatefulSessionConfig } from '../../../config/model/http-filter.ts';
import { cookieValue, setCookieValue } from '../../cookies.ts';
import { HeaderName } from '../../header-name.ts';
import type { HeaderFields, RequestHead } from '../../message.ts';
import { decodeAddress, decodeSession, encodeAddress, encodeSession } from './session-address.ts';

export interface SessionState {
  /** The session's endpoint; empty when there is no session yet, and null when this request takes no part. */
  read(head: RequestHead): string | null;
  /** Tells the client where its session is. */
  write(address: string, head: HeaderFields): void;
}

/** Null when nothing is configured. */
export function compileState(config: StatefulSessionConfig, clock: Clock): SessionState | null {
  switch (config.state?.kind) {
    case 'cookie':
      return new CookieState(config.state, clock);
    case 'header':
      return new HeaderState(config.state.name);
    case undefined:
      return null;
  }
}

type CookieConfig = Extract<StatefulSessionConfig['state'], { readonly kind: 'cookie' }>;

class CookieState implements SessionState {
  readonly #config: CookieConfig;
  readonly #clock: Clock;

  constructor(config: CookieConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
  }

  read(head: RequestHead): string | null {
    if (!isBelow(head.path, this.#config.path)) return null;
    const value = cookieValue(head, this.#config.name);
    return value === null ? '' : (decodeSession(value, this.#clock.wallMs() / 1000) ?? '');
  }

  write(address: string, head: HeaderFields): void {
    const { name, ttlSeconds, path } = this.#config;
    const expires = ttlSeconds === 0 ? 0 : Math.floor(this.#clock.wallMs() / 1000) + ttlSeconds;
    head.add('set-cookie', setCookieValue(name, encodeSession(address, expires), ttlSeconds, path, []));
  }
}

class HeaderState implements SessionState {
  readonly #name: HeaderName;

  constructor(name: string) {
    this.#name = new HeaderName(name);
  }

  read(head: RequestHead): string | null {
    const value = head.first(this.#name);
    return value === null ? '' : decodeAddress(value);
  }

  write(address: string, head: HeaderFields): void {
    head.remove(this.#name);
    head.add(this.#name.name, encodeAddress(address));
  }
}

/** Whether a client sends a cookie of that path with a request for this one (RFC 6265, section 5.1.4). */
function isBelow(path: string, cookiePath: string): boolean {
  if (cookiePath === '' || cookiePath === '/') return true;
  if (!path.startsWith(cookiePath)) return false;
  const next = path.charAt(cookiePath.length);
  return cookiePath.endsWith('/') || next === '' || next === '/' || next === '?' || next === '#';
}
