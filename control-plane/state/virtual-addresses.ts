/**
 * The virtual address of each service: what its name leads to where connections are intercepted. PURE.
 *
 *   catalog ──hash──► 127.77.11.3     taken by another service ──► the next free one
 *
 * It is part of the state, because others go and come meanwhile: as long as the service is there, its address stays.
 */
import { ContentHash } from '../../kernel/content-hash.ts';
import type { State } from './model.ts';

/** 127.77.0.1 to 127.77.255.254: loopback, so that nothing that is sent there can leave the machine by mistake. */
export const VIRTUAL_ADDRESSES_MAX = 65_534;

/** Addresses by service. */
export type VirtualAddresses = State['virtualAddresses'];

/**
 * `after` with an address for each of its services; those that `before` has stay. `wanted` are addresses that services had
 * once, and get again where they are free.
 */
export function withVirtualAddresses(before: State, after: State, wanted: VirtualAddresses = new Map()): State {
  // What an earlier control plane has written may have none.
  const known = assigned(before.virtualAddresses, servicesIn(before), wanted);
  const virtualAddresses = assigned(known, servicesIn(after), wanted);
  return { ...after, virtualAddresses };
}

/** The addresses of all services of a state. */
export function virtualAddressesOf(state: State): VirtualAddresses {
  return assigned(state.virtualAddresses, servicesIn(state), new Map());
}

function servicesIn({ workloads }: Pick<State, 'workloads'>): string[] {
  return [...new Set([...workloads.values()].flatMap(({ services }) => services))].sort();
}

/** The very map that was given where it has what it should. */
function assigned(known: VirtualAddresses, services: readonly string[], wanted: VirtualAddresses): VirtualAddresses {
  if (known.size === services.length && services.every((service) => known.has(service))) return known;
  const all = new Map(services.flatMap((service) => (known.has(service) ? [[service, known.get(service)!]] : [])));
  const taken = new Set(all.values());
  const give = (service: string, address: string | undefined) => {
    if (address === undefined || taken.has(address)) return;
    all.set(service, address);
    taken.add(address);
  };
  const lacking = services.filter((service) => !all.has(service));
  for (const service of lacking) give(service, wanted.get(service));
  for (const service of lacking) if (!all.has(service)) give(service, firstFree(service, taken));
  return all;
}

/** Undefined when all are taken. */
function firstFree(service: string, taken: ReadonlySet<string>): string | undefined {
  const digest = new ContentHash().update(service).digest();
  const start = Number.parseInt(digest.slice(-8), 16) % VIRTUAL_ADDRESSES_MAX;
  for (let i = 0; i < VIRTUAL_ADDRESSES_MAX; i++) {
    const number = 1 + ((start + i) % VIRTUAL_ADDRESSES_MAX);
    const address = `127.77.${number >> 8}.${number & 255}`;
    if (!taken.has(address)) return address;
  }
  return undefined;
}
