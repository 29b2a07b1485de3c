/**
 * The rules for iptables: two chains of our own in the nat table and a jump into each, for `iptables-restore --noflush`,
 * which changes a table as a whole or not at all and leaves the rules of others (Docker's DNS among them) alone. PURE.
 */
import { type InterceptPlan, isIpv6Range } from './plan.ts';

export type Family = 'ipv4' | 'ipv6';

const OUT = 'OUTRIDER_OUT';
const IN = 'OUTRIDER_IN';
const DNS_PORT = 53;

/** The jumps: where from, where to. */
export const JUMPS = [
  ['OUTPUT', OUT],
  ['PREROUTING', IN],
] as const;

/** Input for `iptables-restore --noflush`. `missing` are the jumps that are not there yet. */
export function iptablesInstall(plan: InterceptPlan, family: Family, missing: (typeof JUMPS)[number][]): string {
  return restore([
    // Declaring a chain empties it: a second run replaces the first.
    `:${OUT} - [0:0]`,
    `:${IN} - [0:0]`,
    ...outbound(plan, family).map((rule) => `-A ${OUT} ${rule}`),
    ...inbound(plan).map((rule) => `-A ${IN} ${rule}`),
    // First of all, so that nobody's rules come in between.
    ...missing.map(([from, to]) => `-I ${from} 1 -j ${to}`),
  ]);
}

/** Takes away what is there: `present` are the jumps that exist. */
export function iptablesRemove(present: (typeof JUMPS)[number][]): string {
  return restore([
    `:${OUT} - [0:0]`,
    `:${IN} - [0:0]`,
    ...present.map(([from, to]) => `-D ${from} -j ${to}`),
    `-X ${OUT}`,
    `-X ${IN}`,
  ]);
}

function outbound(plan: InterceptPlan, family: Family): string[] {
  const { dnsPort, outboundPort, proxyUid, excludeOutboundPorts, excludeAddresses, includeLoopback } = plan;
  const ours = (range: string) => isIpv6Range(range) === (family === 'ipv6');
  const place = plan.dnsLoopbackOnly ? (family === 'ipv6' ? '-d ::1 ' : '-d 127.0.0.0/8 ') : '';
  const to = (port: number) => `-j REDIRECT --to-ports ${port}`;
  return [
    `-m owner --uid-owner ${proxyUid} -j RETURN`,
    ...(dnsPort === null ? [] : ['udp', 'tcp'].map((l4) => `${place}-p ${l4} --dport ${DNS_PORT} ${to(dnsPort)}`)),
    '! -p tcp -j RETURN',
    ...excludeOutboundPorts.map((port) => `-p tcp --dport ${port} -j RETURN`),
    ...excludeAddresses.filter(ours).map((range) => `-d ${range} -j RETURN`),
    ...includeLoopback.filter(ours).map((range) => `-p tcp -d ${range} ${to(outboundPort)}`),
    '-o lo -j RETURN',
    `-p tcp ${to(outboundPort)}`,
  ];
}

function inbound({ inboundPort, outboundPort, excludeInboundPorts }: InterceptPlan): string[] {
  const untouched = [...new Set([inboundPort, outboundPort, ...excludeInboundPorts])];
  return [
    '! -p tcp -j RETURN',
    '-i lo -j RETURN',
    ...untouched.map((port) => `-p tcp --dport ${port} -j RETURN`),
    `-p tcp -j REDIRECT --to-ports ${inboundPort}`,
  ];
}

function restore(commands: readonly string[]): string {
  return ['*nat', ...commands, 'COMMIT', ''].join('\n');
}
