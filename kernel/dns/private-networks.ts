/** Who is answered about everything: a server that does so for anybody is a weapon. */
import { BlockList, isIPv6 } from 'node:net';

const PRIVATE = new BlockList();
for (const [net, bits] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
  ['100.64.0.0', 10],
] as const)
  PRIVATE.addSubnet(net, bits, 'ipv4');
for (const [net, bits] of [
  ['::1', 128],
  ['fc00::', 7],
  ['fe80::', 10],
] as const)
  PRIVATE.addSubnet(net, bits, 'ipv6');

/** Whether an address is of a network that strangers cannot write from. */
export function isPrivate(address: string): boolean {
  return PRIVATE.check(address.split('%')[0]!, isIPv6(address) ? 'ipv6' : 'ipv4');
}
