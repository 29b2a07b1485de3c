/** Ranges of addresses such as `10.0.0.0/8`, of both families. */
import { BlockList, isIP } from 'node:net';

interface Range {
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
      list.addSubnet(address, prefixLength, familyOf(address));
      return { list, prefixLength };
    });
  }

  /** The length of the longest prefix that holds the address, or -1. What is no address is held by none. */
  longestPrefix(address: string): number {
    let longest = -1;
    if (isIP(address) === 0) return longest;
    for (const { list, prefixLength } of this.#ranges) {
      if (prefixLength > longest && list.check(address, familyOf(address))) longest = prefixLength;
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
