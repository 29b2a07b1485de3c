/**
 * Sockets with addresses that are not this machine's (IP_TRANSPARENT, ip(7)), which Node does not offer: listening ones that
 * take what TPROXY hands over, and connections that come from the address of a client. By calls into the C library
 * (docs/decisions/original-destination-by-ffi.md), once for each socket.
 */
import { isIP } from 'node:net';
import type { SocketAddress } from '../config/model/common.ts';
import { addressBytes } from './address-bytes.ts';
import type { ClientSource } from './client-source.ts';

/** linux/in.h, linux/in6.h, asm-generic/socket.h, and the types and flags of socket(2). */
const SOL_IP = 0;
const IP_TRANSPARENT = 19;
const IP_BIND_ADDRESS_NO_PORT = 24;
const SOL_IPV6 = 41;
const IPV6_TRANSPARENT = 75;
const SOL_SOCKET = 1;
const SO_MARK = 36;
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
/** sockaddr_in and sockaddr_in6: family in the host's byte order, then port, address. */
const IPV4_AT = 4;
const IPV4_BYTES = 16;
const IPV6_AT = 8;
const IPV6_BYTES = 28;
/** Memory of an ArrayBuffer this large lies outside of the garbage collector's reach and stays where it is. */
const MEMORY_BYTES = 256;
const PRIVILEGE = 'needs the privilege NET_ADMIN (or NET_RAW), which this process does not have';

/** The calls. Answers are those of the C library: negative for a failure. */
interface Calls {
  socket(family: number, type: number, protocol: number): number;
  setsockopt(fd: number, level: number, option: number, value: bigint, bytes: number): number;
  bind(fd: number, address: bigint, bytes: number): number;
  close(fd: number): number;
}

/** See the head of this file. */
export class TransparentSockets {
  readonly #calls: Calls;
  readonly #memory: Buffer;
  readonly #at: bigint;

  private constructor(calls: Calls, memory: Buffer, at: bigint) {
    this.#calls = calls;
    this.#memory = memory;
    this.#at = at;
  }

  /** Loads what it takes. Rejects with a sentence where this system has no such sockets. */
  static async load(): Promise<TransparentSockets> {
    if (process.platform !== 'linux') throw new Error('transparent sockets are for Linux');
    const { dlopen, getRawPointer } = await import('node:ffi').catch((cause: unknown) => {
      throw new Error('this Node has no node:ffi, which makes sockets transparent', { cause });
    });
    const { functions } = dlopen(null, {
      socket: { return: 'int32', arguments: ['int32', 'int32', 'int32'] },
      setsockopt: { return: 'int32', arguments: ['int32', 'int32', 'int32', 'pointer', 'uint32'] },
      bind: { return: 'int32', arguments: ['int32', 'pointer', 'uint32'] },
      close: { return: 'int32', arguments: ['int32'] },
    });
    const memory = Buffer.from(new ArrayBuffer(MEMORY_BYTES));
    return new TransparentSockets(functions as unknown as Calls, memory, getRawPointer(memory));
  }

  /** Lets a listening socket take connections to any address, or no longer. Why it cannot be, or null. */
  setListening(fd: number, transparent: boolean): string | null {
    // One flag of the socket, whichever family sets it; a socket of IPv4 knows the first option alone.
    return this.#set(fd, SOL_IP, IP_TRANSPARENT, transparent ? 1 : 0) ? null : PRIVILEGE;
  }

  /** Why connections cannot come from elsewhere, with that mark, or null. */
  sourceProblem(mark: number): string | null {
    const fd = this.#open(AF_INET, mark);
    if (typeof fd === 'string') return fd;
    this.#calls.close(fd);
    return null;
  }

  /** Where connections on behalf of a client come from. `mark` 0: they have none. */
  source(client: string, mark: number): ClientSource {
    return { key: client, open: (towards) => this.#from(client, mark, towards) };
  }

  #from(client: string, mark: number, { host }: SocketAddress): number | Error {
    const family = isIP(client);
    if (family === 0 || client.includes('%'))
      return new Error(`nothing can come from the address ${client || '(none)'}`);
    if (family !== isIP(host)) return new Error(`nothing can come from ${client} to ${host}: they differ in family`);
    const fd = this.#open(family === 4 ? AF_INET : AF_INET6, mark);
    if (typeof fd === 'string') return new Error(`nothing can come from ${client}: that ${fd}`);
    // The port is chosen with the destination, so that as many connections to each can be had as there are ports.
    this.#set(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    if (this.#bind(fd, family, client)) return fd;
    this.#calls.close(fd);
    return new Error(`the kernel binds no socket to ${client}`);
  }

  /** A descriptor, or why there is none. */
  #open(family: number, mark: number): number | string {
    const fd = this.#calls.socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return 'takes a socket, and the system gives no more of that kind';
    const [level, option] = family === AF_INET ? [SOL_IP, IP_TRANSPARENT] : [SOL_IPV6, IPV6_TRANSPARENT];
    if (this.#set(fd, level, option, 1) && (mark === 0 || this.#set(fd, SOL_SOCKET, SO_MARK, mark))) return fd;
    this.#calls.close(fd);
    return PRIVILEGE;
  }

  #set(fd: number, level: number, option: number, value: number): boolean {
    this.#memory.writeUInt32LE(value, 0);
    return this.#calls.setsockopt(fd, level, option, this.#at, 4) === 0;
  }

  #bind(fd: number, family: number, host: string): boolean {
    const [type, at, bytes] = family === 4 ? [AF_INET, IPV4_AT, IPV4_BYTES] : [AF_INET6, IPV6_AT, IPV6_BYTES];
    this.#memory.fill(0);
    this.#memory.writeUInt16LE(type, 0);
    this.#memory.set(addressBytes(host), at);
    return this.#calls.bind(fd, this.#at, bytes) === 0;
  }
}
