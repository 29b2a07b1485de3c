/** Ranges of addresses such as `10.0.0.0/8`, of both families. */
import { BlockList, isIP, SocketAddress } from 'node:net';

interface Range {
  readonly family: 'ipv4' | 'ipv6';
  readonly list: BlockList;
  readonly prefixLength: number;
}

/** Built once; a look-up compares the address with every range. */
export class AddressRanges {
  readonly #ranges: readonly Range[];

  /** `ranges` have been checked: address, slash, prefix length. */
  constructor(ranges: readonly string[]) {
    this.#ranges = ranges.map((range) => {
      const slash = range.indexOf('/');
      const address = range.slice(0, slash);
      const prefixLength = Number(range.slice(slash + 1));
      const list = new BlockList();
      const family = familyOf(address);
      list.addSubnet(address, prefixLength, family);
      return { family, list, prefixLength };
    });
  }

  /** The length of the longest prefix that holds the address, or -1. What is no address is held by none. */
  longestPrefix(address: string): number {
    let longest = -1;
    if (isIP(address) === 0) return longest;
    const own = familyOf(address);
    for (const { family, list, prefixLength } of this.#ranges) {
      // By itself ::/0 would hold 192.0.2.1 as well, which is an address of IPv6 to it: ::ffff:192.0.2.1.
      if (family === own && prefixLength > longest && list.check(address, own)) longest = prefixLength;
    }
    return longest;
  }

  has(address: string): boolean {
    return this.longestPrefix(address) >= 0;
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

/** The range of so many bits in which an address lies: `10.0.0.0/8`. COLD. */
export function rangeOf(address: string, bits: number): string {
  const v4 = familyOf(address) === 'ipv4';
  const width = v4 ? 8 : 16;
  const parts = v4 ? address.split('.').map(Number) : groupsOf(address);
  const masked = parts.map((part, i) => {
    const kept = Math.min(width, Math.max(0, bits - i * width));
    return part & ~((1 << (width - kept)) - 1);
  });
  if (v4) return `${masked.join('.')}/${bits}`;
  const text = masked.map((group) => group.toString(16)).join(':');
  return `${new SocketAddress({ address: text, family: 'ipv6' }).address}/${bits}`;
}

/** The eight groups of an IPv6 address. */
function groupsOf(address: string): number[] {
  const [head = '', tail = ''] = new SocketAddress({ address, family: 'ipv6' }).address.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':').map((each) => Number.parseInt(each, 16)));
  const [first, last] = [groups(head), groups(tail)];
  return [...first, ...new Array<number>(8 - first.length - last.length).fill(0), ...last];
}
