/**
 * The machine's own resolver configuration, resolv.conf(5): whom it asks, and in which domains names are searched. What
 * changes there (a VPN, a lease of DHCP) counts within seconds.
 */
import type { Clock } from '../../kernel/clock.ts';

/** What of it counts here. */
export interface ResolvConf {
  /** IP addresses, in the order in which they are asked; at most three, as in the C library. */
  readonly nameservers: readonly string[];
  /** Lower case, without dots at their ends. */
  readonly search: readonly string[];
}

const SERVERS_MAX = 3;
const READ_AGAIN_MS = 5_000;

/** Reads the text of the file. The last of `search` and `domain` counts. */
export function parseResolvConf(text: string): ResolvConf {
  const nameservers: string[] = [];
  let search: readonly string[] = [];
  for (const line of text.split('\n')) {
    const [word, ...rest] = line
      .replace(/^\s*[#;].*/, '')
      .trim()
      .split(/\s+/);
    if (word === 'nameserver' && rest[0] !== undefined) nameservers.push(rest[0]);
    if (word === 'search' || word === 'domain')
      search = rest.map((domain) => domain.toLowerCase().replace(/^\.|\.$/g, '')).filter((domain) => domain !== '');
  }
  return { nameservers: nameservers.slice(0, SERVERS_MAX), search };
}

/** The file as it is now, read again when it was long ago. */
export class MachineResolver {
  readonly #read: () => string;
  readonly #clock: Clock;
  #text = '';
  #parsed: ResolvConf = { nameservers: [], search: [] };
  #readMs = -Infinity;

  /** `read` is the text of the file; empty when there is none. */
  constructor(read: () => string, clock: Clock) {
    this.#read = read;
    this.#clock = clock;
  }

  get current(): ResolvConf {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#readMs < READ_AGAIN_MS) return this.#parsed;
    this.#readMs = nowMs;
    const text = this.#read();
    if (text !== this.#text) this.#parsed = parseResolvConf(text);
    this.#text = text;
    return this.#parsed;
  }
}
