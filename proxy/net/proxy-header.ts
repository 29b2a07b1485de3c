/**
 * The PROXY header (haproxy.org, "The PROXY protocol"), written and read: who is connected to whom in front of the peer.
 *
 *   version 1   PROXY TCP4 203.0.113.9 10.0.0.1 1234 80\r\n                         a line of at most 107 bytes
 *   version 2   twelve fixed bytes, version and command, family, length, addresses, then extensions (skipped)
 */
import { isIP, isIPv4, isIPv6 } from 'node:net';
import type { SocketAddress } from '../config/model/common.ts';
import { addressBytes } from './address-bytes.ts';
import type { ClientAddresses } from './connection-info.ts';

/** What reading has come to. `client` is null where the header says that nobody else is behind the peer. */
export type ProxyHeaderResult =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'invalid' }
  | {
      readonly kind: 'complete';
      readonly length: number;
      readonly version: 1 | 2;
      readonly client: ClientAddresses | null;
    };

const SIGNATURE = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]);
const LINE_START = Buffer.from('PROXY ', 'latin1');
/** The longest line, its end included. */
const LINE_BYTES = 107;
const FIXED_BYTES = 16;
/** Addresses and extensions; enough for every extension that is registered, and little to wait for. */
const REST_BYTES = 4_096;
const PROXIED = 0x21;
const LOCAL = 0x20;
const TCP4 = 0x11;
const TCP6 = 0x21;

const INCOMPLETE: ProxyHeaderResult = { kind: 'incomplete' };
const ABSENT: ProxyHeaderResult = { kind: 'absent' };
const INVALID: ProxyHeaderResult = { kind: 'invalid' };

/** The header for a connection made on behalf of `client`; null says that it is our own. */
export function proxyHeader(version: 1 | 2, client: ClientAddresses | null): Buffer {
  const family = client === null ? 0 : commonFamily(client);
  return version === 1 ? writeLine(family, client) : writeBinary(family, client);
}

function writeLine(family: number, client: ClientAddresses | null): Buffer {
  if (client === null || family === 0) return Buffer.from('PROXY UNKNOWN\r\n', 'latin1');
  const { remote, local } = client;
  return Buffer.from(`PROXY TCP${family} ${remote.host} ${local.host} ${remote.port} ${local.port}\r\n`, 'latin1');
}

function writeBinary(family: number, client: ClientAddresses | null): Buffer {
  if (client === null || family === 0) return Buffer.concat([SIGNATURE, Buffer.from([LOCAL, 0, 0, 0])]);
  const { remote, local } = client;
  const addresses = [...addressBytes(remote.host), ...addressBytes(local.host)];
  const ports = [remote.port >> 8, remote.port & 255, local.port >> 8, local.port & 255];
  const length = addresses.length + ports.length;
  const fixed = [PROXIED, family === 4 ? TCP4 : TCP6, length >> 8, length & 255];
  return Buffer.concat([SIGNATURE, Buffer.from([...fixed, ...addresses, ...ports])]);
}

/** 4 or 6 when both ends are of that family, else 0. */
function commonFamily({ remote, local }: ClientAddresses): number {
  const family = isIP(remote.host);
  return family === isIP(local.host) ? family : 0;
}

/** Reads the header at the start of `bytes`. */
export function readProxyHeader(bytes: Buffer): ProxyHeaderResult {
  if (startsLike(bytes, SIGNATURE)) return bytes.length < FIXED_BYTES ? INCOMPLETE : readBinary(bytes);
  if (startsLike(bytes, LINE_START)) return readLine(bytes);
  return ABSENT;
}

function startsLike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return bytes.subarray(0, length).equals(start.subarray(0, length));
}

function readLine(bytes: Buffer): ProxyHeaderResult {
  const end = bytes.subarray(0, LINE_BYTES).indexOf('\r\n');
  if (end < 0) return bytes.length < LINE_BYTES ? INCOMPLETE : INVALID;
  const length = end + 2;
  const words = bytes.latin1Slice(LINE_START.length, end).split(' ');
  if (words[0] === 'UNKNOWN') return { kind: 'complete', length, version: 1, client: null };
  const [family, from, to, fromPort, toPort] = words;
  const valid = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isIPv6 : () => false;
  if (words.length !== 5 || !valid(from!) || !valid(to!)) return INVALID;
  const remote = { host: from!, port: portOf(fromPort!) };
  const local = { host: to!, port: portOf(toPort!) };
  if (remote.port < 0 || local.port < 0) return INVALID;
  return { kind: 'complete', length, version: 1, client: { remote, local } };
}

function portOf(word: string): number {
  return /^(0|[1-9][0-9]{0,4})$/.test(word) && Number(word) <= 65_535 ? Number(word) : -1;
}

function readBinary(bytes: Buffer): ProxyHeaderResult {
  const command = bytes[12]!;
  const family = bytes[13]!;
  const rest = bytes.readUInt16BE(14);
  if ((command !== PROXIED && command !== LOCAL) || rest > REST_BYTES) return INVALID;
  const length = FIXED_BYTES + rest;
  if (bytes.length < length) return INCOMPLETE;
  // Whatever a LOCAL header carries is to be skipped, and so are families that have no ports.
  const size = family === TCP4 ? 4 : family === TCP6 ? 16 : 0;
  if (command === LOCAL || size === 0) return { kind: 'complete', length, version: 2, client: null };
  if (rest < 2 * size + 4) return INVALID;
  const address = (at: number, portAt: number): SocketAddress => ({
    host: addressText(bytes.subarray(at, at + size)),
    port: bytes.readUInt16BE(portAt),
  });
  const ports = FIXED_BYTES + 2 * size;
  const client = { remote: address(FIXED_BYTES, ports), local: address(FIXED_BYTES + size, ports + 2) };
  return { kind: 'complete', length, version: 2, client };
}

function addressText(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16));
  // URL writes IPv6 addresses in their shortest form (RFC 5952).
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}
