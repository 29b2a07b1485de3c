/**
 * Where a connection was going before the kernel redirected it to this proxy: SO_ORIGINAL_DST of netfilter, which Node
 * does not offer, asked by a call into the C library (node:ffi; docs/decisions/original-destination-by-ffi.md). Once for
 * each connection, about a microsecond.
 */
import type { Socket } from 'node:net';
import type { SocketAddress } from '../config/model/common.ts';
import { plainAddress } from './connection-info.ts';

/** The address that the client dialled; null when the connection was not redirected. */
export type OriginalDestination = (socket: Socket) => SocketAddress | null;

/** SOL_IP and SOL_IPV6, linux/in.h and linux/in6.h. */
const SOL_IP = 0;
const SOL_IPV6 = 41;
/** SO_ORIGINAL_DST and IP6T_SO_ORIGINAL_DST, linux/netfilter_ipv4.h and linux/netfilter_ipv6/ip6_tables.h. */
const SO_ORIGINAL_DST = 80;
/** sockaddr_in and sockaddr_in6: family in the host's byte order, port in the network's, address. */
const PORT_AT = 2;
const IPV4_AT = 4;
const IPV6_AT = 8;
const ADDRESS_BYTES = 28;
/** Memory of an ArrayBuffer this large lies outside of the garbage collector's reach and stays where it is. */
const MEMORY_BYTES = 256;
const LENGTH_AT = 128;

/** The part of Node's TCP handle that is used. */
interface HandleOwner {
  readonly _handle: { readonly fd: number } | null;
}

/** Loads what it takes. Rejects with a sentence where this system cannot tell. */
export async function loadOriginalDestination(): Promise<OriginalDestination> {
  const { dlopen, getRawPointer } = await import('node:ffi').catch((cause: unknown) => {
    throw new Error('original_dst: this Node has no node:ffi, which asks for the original destination', { cause });
  });
  const memory = Buffer.from(new ArrayBuffer(MEMORY_BYTES));
  const address = getRawPointer(memory);
  const length = address + BigInt(LENGTH_AT);
  const { functions } = dlopen(null, {
    getsockopt: { return: 'int32', arguments: ['int32', 'int32', 'int32', 'pointer', 'pointer'] },
  });
  return (socket) => {
    const fd = (socket as unknown as HandleOwner)._handle?.fd ?? -1;
    const { localAddress = '' } = socket;
    const isIpv6 = plainAddress(localAddress).includes(':');
    memory.writeUInt32LE(ADDRESS_BYTES, LENGTH_AT);
    if (functions.getsockopt(fd, isIpv6 ? SOL_IPV6 : SOL_IP, SO_ORIGINAL_DST, address, length) !== 0) return null;
    return { host: isIpv6 ? ipv6(memory) : ipv4(memory), port: memory.readUInt16BE(PORT_AT) };
  };
}

function ipv4(memory: Buffer): string {
  return memory.subarray(IPV4_AT, IPV4_AT + 4).join('.');
}

/** As RFC 5952 writes it, by way of the URL parser that everybody has. */
function ipv6(memory: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => memory.readUInt16BE(IPV6_AT + 2 * i).toString(16));
  return plainAddress(new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1));
}
