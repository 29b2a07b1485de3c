/**
 * The rules for iptables: two chains of our own in the nat table, with TPROXY two in the mangle table as well, and a jump into
 * each, for `iptables-restore --noflush`, which changes a table as a whole or not at all and leaves the rules of others
 * (Docker's DNS among them) alone. PURE.
 */
import { CLIENT_ADDRESS_MARK } from '../../protos/contract/sidecar-place.ts';
import { type InterceptPlan, isIpv6Range } from './plan.ts';
import type { Family } from './policy-routing.ts';

const OUT = 'OUTRIDER_OUT';
const IN = 'OUTRIDER_IN';
const DNS_PORT = 53;

export type Table = 'nat' | 'mangle';
export type Jump = readonly [from: string, to: string];

/** The jumps of a table: where from, where to. */
export const JUMPS: Readonly<Record<Table, readonly Jump[]>> = {
  nat: [
    ['OUTPUT', OUT],
    ['PREROUTING', IN],
  ],
  mangle: [
    ['OUTPUT', 'OUTRIDER_ANSWERS'],
    ['PREROUTING', 'OUTRIDER_TPROXY'],
  ],
};

/** The tables that a plan has rules in, those of which most can go wrong first. */
export function tablesOf({ mode }: InterceptPlan): readonly Table[] {
  return mode === 'tproxy' ? ['mangle', 'nat'] : ['nat'];
}

/** Input for `iptables-restore --noflush`. `missing` are the jumps of the table that are not there yet. */
export function iptablesInstall(plan: InterceptPlan, family: Family, table: Table, missing: readonly Jump[]): string {
  const rules = table === 'nat' ? [outbound(plan, family), inbound(plan)] : [answers(), tproxy(plan)];
  return restore(table, [
    // Declaring a chain empties it: a second run replaces the first.
    ...JUMPS[table].map(([, chain]) => `:${chain} - [0:0]`),
    ...JUMPS[table].flatMap(([, chain], i) => rules[i]!.map((rule) => `-A ${chain} ${rule}`)),
    // First of all, so that nobody's rules come in between.
    ...missing.map(([from, to]) => `-I ${from} 1 -j ${to}`),
  ]);
}

/** Takes away what is there: `present` are the jumps of the table that exist. */
export function iptablesRemove(table: Table, present: readonly Jump[]): string {
  const chains = JUMPS[table].map(([, chain]) => chain);
  return restore(table, [
    ...chains.map((chain) => `:${chain} - [0:0]`),
    ...present.map(([from, to]) => `-D ${from} -j ${to}`),
    ...chains.map((chain) => `-X ${chain}`),
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

function inbound(plan: InterceptPlan): string[] {
  return plan.mode === 'tproxy' ? [] : [...untouched(plan), `-p tcp -j REDIRECT --to-ports ${plan.inboundPort}`];
}

function tproxy(plan: InterceptPlan): string[] {
  return [
    ...untouched(plan),
    '-m addrtype ! --dst-type LOCAL -j RETURN',
    `-p tcp -m conntrack --ctstate NEW -j TPROXY --on-port ${plan.inboundPort}`,
  ];
}

/** What the application answers to the sidecar's connections has the mark that they have. */
function answers(): string[] {
  const mark = `--mark ${CLIENT_ADDRESS_MARK}`;
  return [
    `-p tcp -m mark ${mark} -j CONNMARK --save-mark`,
    `-p tcp -m connmark ${mark} -m conntrack --ctdir REPLY -j CONNMARK --restore-mark`,
  ];
}

function untouched({ inboundPort, outboundPort, excludeInboundPorts }: InterceptPlan): string[] {
  const ports = [...new Set([inboundPort, outboundPort, ...excludeInboundPorts])];
  return ['! -p tcp -j RETURN', '-i lo -j RETURN', ...ports.map((port) => `-p tcp --dport ${port} -j RETURN`)];
}

function restore(table: Table, commands: readonly string[]): string {
  return [`*${table}`, ...commands, 'COMMIT', ''].join('\n');
}
