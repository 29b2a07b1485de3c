/** Options of ring hash and Maglev, of clusters and of the policies' extensions alike. */
import type { Path } from '../../../protos/json/issue.ts';
import type { HashingPolicyConfig } from '../model/cluster.ts';
import type { Decoding } from './decoding.ts';

/** ConsistentHashingLbConfig. */
interface HashingMessage {
  readonly useHostnameForHashing: boolean;
  readonly hashBalanceFactor: number | undefined;
}

interface RingMessage {
  readonly minimumRingSize: number | undefined;
  readonly maximumRingSize: number | undefined;
}

interface MaglevMessage {
  readonly tableSize: number | undefined;
}

const RING_SIZE_MIN = 1_024;
const RING_SIZE_MAX = 8_388_608;
const TABLE_SIZE = 65_537;

/** Decodes ring hash. */
export function decodeRingHash(
  message: RingMessage | undefined,
  hashing: HashingMessage | undefined,
  path: Path,
  decoding: Decoding,
): HashingPolicyConfig {
  const minimumSize = message?.minimumRingSize ?? RING_SIZE_MIN;
  const maximumSize = message?.maximumRingSize ?? RING_SIZE_MAX;
  if (minimumSize > maximumSize) {
    decoding.report(
      [...path, 'minimum_ring_size'],
      `minimum_ring_size ${minimumSize} is greater than maximum_ring_size ${maximumSize}`,
    );
  }
  return { kind: 'ring-hash', minimumSize, maximumSize, ...decodeHashing(hashing) };
}

/** Decodes Maglev. */
export function decodeMaglev(
  message: MaglevMessage | undefined,
  hashing: HashingMessage | undefined,
  path: Path,
  decoding: Decoding,
): HashingPolicyConfig {
  const tableSize = message?.tableSize ?? TABLE_SIZE;
  if (!isPrime(tableSize)) decoding.report([...path, 'table_size'], `${tableSize} is no prime number`);
  return { kind: 'maglev', tableSize, ...decodeHashing(hashing) };
}

function decodeHashing(message: HashingMessage | undefined): Pick<HashingPolicyConfig, 'useHostname' | 'boundPercent'> {
  return { useHostname: message?.useHostnameForHashing ?? false, boundPercent: message?.hashBalanceFactor ?? 0 };
}

/** In a table of that size every step visits every slot. */
function isPrime(size: number): boolean {
  if (size < 2) return false;
  for (let divisor = 2; divisor * divisor <= size; divisor++) if (size % divisor === 0) return false;
  return true;
}
