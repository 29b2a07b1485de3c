/**
 * What HTTPRoutes and GRPCRoutes become in the same way: matches of values, the choice of a backend, header edits.
 */
import type { Backend, HeaderChanges, HeaderFilter, MirrorFilter, ValueMatch } from '../../state/routes.ts';
import type { JsonObject } from '../resource.ts';

/** One that matches this value alone. */
export function exactHeader(name: string, value: string): JsonObject {
  return { name, string_match: { exact: value } };
}

/** A header or query parameter, as Envoy matches it. */
export function valueMatch({ name, kind, value }: ValueMatch): JsonObject {
  return { name, string_match: kind === 'exact' ? { exact: value } : { safe_regex: { regex: value } } };
}

/** A pattern that `text` alone fits. */
export function escapeRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/** Whether any backend can be chosen. */
export function hasChoice(backends: readonly Backend[]): boolean {
  return backends.some((backend) => backend.weight > 0);
}

/** The cluster, or the clusters by weight; backends without a weight are left out. */
export function clusterChoice(backends: readonly Backend[]): JsonObject {
  const weighted = backends.filter((backend) => backend.weight > 0);
  const [only] = weighted;
  if (weighted.length === 1 && only!.filters.length === 0) return { cluster: only!.service, ...subsetMatch(only!) };
  const clusters = weighted.map((backend) => ({
    name: backend.service,
    weight: backend.weight,
    ...subsetMatch(backend),
    ...headerEdits(backend.filters),
  }));
  return { weighted_clusters: { clusters } };
}

function subsetMatch({ subset }: Backend): JsonObject {
  return subset === null ? {} : { metadata_match: { filter_metadata: { 'envoy.lb': subset } } };
}

const DENOMINATORS: Readonly<Record<number, string>> = { 100: 'HUNDRED', 10000: 'TEN_THOUSAND', 1000000: 'MILLION' };

/** Where copies of the requests go; filters of other kinds are passed over. */
export function mirrors(filters: readonly { readonly kind: string }[]): JsonObject {
  const policies = filters
    .filter((filter): filter is MirrorFilter => filter.kind === 'mirror')
    .map(({ service, numerator, denominator }) => ({
      cluster: service,
      ...(numerator === denominator ? {} : { runtime_fraction: { default_value: fraction(numerator, denominator) } }),
    }));
  return policies.length === 0 ? {} : { request_mirror_policies: policies };
}

/** In one of the three denominators that Envoy has. */
function fraction(numerator: number, denominator: number): JsonObject {
  const known = DENOMINATORS[denominator];
  if (known !== undefined) return { numerator, denominator: known };
  return { numerator: Math.round((numerator / denominator) * 1_000_000), denominator: 'MILLION' };
}

/** The header edits of a route; filters of other kinds are passed over. */
export function headerEdits(filters: readonly { readonly kind: string }[]): JsonObject {
  return { ...editsOf('request', filters), ...editsOf('response', filters) };
}

function editsOf(side: 'request' | 'response', filters: readonly { readonly kind: string }[]): JsonObject {
  const changes: readonly HeaderChanges[] = filters.filter(
    (filter): filter is HeaderFilter => filter.kind === `${side}-headers`,
  );
  const add = changes.flatMap((each) => [
    ...each.set.map((header) => option(header, 'OVERWRITE_IF_EXISTS_OR_ADD')),
    ...each.add.map((header) => option(header, 'APPEND_IF_EXISTS_OR_ADD')),
  ]);
  const remove = changes.flatMap((each) => each.remove);
  return {
    ...(add.length === 0 ? {} : { [`${side}_headers_to_add`]: add }),
    ...(remove.length === 0 ? {} : { [`${side}_headers_to_remove`]: remove }),
  };
}

/** A `%` begins a command in Envoy's header values; the user meant the character. */
function option(header: { readonly name: string; readonly value: string }, action: string): JsonObject {
  return { header: { key: header.name, value: header.value.replaceAll('%', '%%') }, append_action: action };
}
