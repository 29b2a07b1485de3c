/**
 * What is intercepted on a machine or in a container, as data. PURE.
 *
 *   leaves a process     TCP ─► outbound port of the proxy, DNS ─► its DNS port; not what the proxy itself sends
 *   comes from outside   TCP ─► inbound port of the proxy
 *
 * Inbound by redirection (REDIRECT, NAT), or by TPROXY: then the proxy's connections to the application carry the client's
 * address, and policy routing (policy-routing.ts) brings their answers back.
 */
import { isIP } from 'node:net';

/** How what comes from outside is intercepted. */
export type InterceptionMode = 'redirect' | 'tproxy';

/** Ports are those of the proxy on this machine. */
export interface InterceptPlan {
  readonly mode: InterceptionMode;
  readonly outboundPort: number;
  readonly inboundPort: number;
  /** Null: names are resolved as before. */
  readonly dnsPort: number | null;
  /**
   * Only DNS for loopback addresses: a resolver of this machine (systemd-resolved, Docker's) stands in between, and what it
   * asks others itself must not come back to it.
   */
  readonly dnsLoopbackOnly: boolean;
  /** Whose traffic passes untouched: the proxy's own. */
  readonly proxyUid: number;
  /** Ports that processes here dial, untouched. */
  readonly excludeOutboundPorts: readonly number[];
  /** Ports that others dial here, untouched; the proxy's own are never intercepted. */
  readonly excludeInboundPorts: readonly number[];
  /** `10.0.0.0/8`, `fd00::/8`: what is dialled there passes untouched. */
  readonly excludeAddresses: readonly string[];
  /** Loopback ranges that are intercepted in spite of being loopback: where mesh names resolve to without a network. */
  readonly includeLoopback: readonly string[];
}

/** An address range of one family. */
export function isIpv6Range(range: string): boolean {
  return range.includes(':');
}

/** Why a text is no address range, or null when it is one. */
export function rangeProblem(text: string): string | null {
  const [address = '', length, ...rest] = text.split('/');
  const family = isIP(address);
  const bits = family === 6 ? 128 : 32;
  if (family === 0 || rest.length > 0) return `"${text}" is no address range such as 10.0.0.0/8 or fd00::/8`;
  if (length !== undefined && !(/^\d{1,3}$/.test(length) && Number(length) <= bits))
    return `"${text}": the length of an IPv${family} range is a number from 0 to ${bits}`;
  return null;
}
