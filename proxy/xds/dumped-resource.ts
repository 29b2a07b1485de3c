/** What is in use of a set of resources, and what was refused, for `/config_dump`. */
import type { ResourceKind } from '../../protos/contract/resource-types.ts';
import type { KeptResource } from './last-known-good/kept-text.ts';
import type { ResourceSet } from './resource-set.ts';

/** A resource of the configuration. The admin port's DumpedResource. */
export interface DumpedXdsResource {
  readonly kind: 'cluster' | 'listener' | 'route' | 'endpoint' | 'secret';
  readonly origin: 'dynamic';
  readonly name: string;
  readonly versionInfo: string;
  readonly updatedAtMs: number;
  readonly any?: KeptResource['any'] | undefined;
  readonly refused?: { readonly any: KeptResource['any']; readonly details: string; readonly atMs: number } | undefined;
}

const WORDS: Readonly<Partial<Record<ResourceKind, DumpedXdsResource['kind']>>> = {
  CDS: 'cluster',
  LDS: 'listener',
  RDS: 'route',
  EDS: 'endpoint',
  SDS: 'secret',
};

/** Of one set; nothing of kinds that are no configuration. */
export function dumpOf(set: ResourceSet<unknown>): DumpedXdsResource[] {
  const kind = WORDS[set.type.kind];
  if (kind === undefined) return [];
  const names = new Set([...set.accepted.keys(), ...set.refused.keys()]);
  return [...names].map((name): DumpedXdsResource => {
    const accepted = set.accepted.get(name);
    return {
      kind,
      origin: 'dynamic',
      name,
      versionInfo: accepted?.version ?? '',
      updatedAtMs: accepted?.updatedAtMs ?? 0,
      any: accepted?.any,
      refused: set.refused.get(name),
    };
  });
}
