/**
 * The rules for nftables: one table of our own, which is made and removed as a whole, so that a second run replaces the
 * first and a removal leaves no trace. Both families in one transaction. PURE.
 */
import { CLIENT_ADDRESS_MARK } from '../../protos/contract/sidecar-place.ts';
import { type InterceptPlan, isIpv6Range } from './plan.ts';

const TABLE = 'inet outrider';
const DNS_PORT = 53;

/** Input for `nft -f -` that puts the rules in place, whatever was there of them before. */
export function nftInstall(plan: InterceptPlan): string {
  return `${nftRemove()}table ${TABLE} {
  chain outbound {
    type nat hook output priority -101; policy accept;
${lines(outbound(plan))}
  }
${plan.mode === 'tproxy' ? inboundByTproxy(plan) : inboundByRedirect(plan)}}
`;
}

function inboundByRedirect(plan: InterceptPlan): string {
  return `  chain inbound {
    type nat hook prerouting priority -100; policy accept;
${lines([...untouched(plan), `meta l4proto tcp redirect to :${plan.inboundPort}`])}
  }
`;
}

function inboundByTproxy(plan: InterceptPlan): string {
  const rules = [
    ...untouched(plan),
    'fib daddr type != local return',
    `ct state new meta l4proto tcp tproxy to :${plan.inboundPort} accept`,
    // Where nobody listens: past the sidecar nothing may come in. iptables does so by itself.
    'ct state new drop',
  ];
  return `  chain inbound {
    type filter hook prerouting priority -150; policy accept;
${lines(rules)}
  }
  chain answers {
    type route hook output priority -150; policy accept;
${lines([
  `meta mark ${CLIENT_ADDRESS_MARK} ct mark set ${CLIENT_ADDRESS_MARK}`,
  `ct direction reply ct mark ${CLIENT_ADDRESS_MARK} meta mark set ${CLIENT_ADDRESS_MARK}`,
])}
  }
`;
}

/** Input for `nft -f -` that takes them away; no error when there are none. */
export function nftRemove(): string {
  return `add table ${TABLE}\ndelete table ${TABLE}\n`;
}

function outbound(plan: InterceptPlan): string[] {
  const { dnsPort, outboundPort, proxyUid, excludeOutboundPorts, excludeAddresses, includeLoopback } = plan;
  const places = plan.dnsLoopbackOnly ? ['ip daddr 127.0.0.0/8 ', 'ip6 daddr ::1 '] : [''];
  const dns = places.flatMap((place) =>
    ['udp', 'tcp'].map((l4) => `${place}${l4} dport ${DNS_PORT} redirect to :${dnsPort}`),
  );
  return [
    `meta skuid ${proxyUid} return`,
    ...(dnsPort === null ? [] : dns),
    'meta l4proto != tcp return',
    ...(excludeOutboundPorts.length > 0 ? [`tcp dport { ${excludeOutboundPorts.join(', ')} } return`] : []),
    ...excludeAddresses.map((range) => `${destination(range)} return`),
    ...includeLoopback.map((range) => `${destination(range)} meta l4proto tcp redirect to :${outboundPort}`),
    'oifname "lo" return',
    `meta l4proto tcp redirect to :${outboundPort}`,
  ];
}

function untouched({ inboundPort, outboundPort, excludeInboundPorts }: InterceptPlan): string[] {
  const ports = [...new Set([inboundPort, outboundPort, ...excludeInboundPorts])];
  return ['meta l4proto != tcp return', 'iifname "lo" return', `tcp dport { ${ports.join(', ')} } return`];
}

function destination(range: string): string {
  return `${isIpv6Range(range) ? 'ip6' : 'ip'} daddr ${range}`;
}

function lines(rules: readonly string[]): string {
  return rules.map((rule) => `    ${rule}`).join('\n');
}
