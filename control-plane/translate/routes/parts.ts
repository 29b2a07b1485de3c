/**
 * What HTTPRoutes and GRPCRoutes become in the same way: matches of values, the choice of a backend, header edits.
 */
import type { Backend, HeaderChanges, HeaderFilter, ValueMatch } from '../../state/model.ts';
import type { JsonObject } from '../resource.ts';

/** One that matches this value alone. */
export function exactHeader(name: string, value: string): JsonObject {
  return { name, string_match: { exact: value } };
}

/** A header or query parameter, as Envoy matches it. */
export function valueMatch({ name, kind, value }: ValueMatch): JsonObject {
  return { name, string_match: kind === 'exact' ? { exact: value } : { safe_regex: { regex: value } } };
}

/** Whether any backend can be chosen. */
export function hasChoice(backends: readonly Backend[]): boolean {
  return backends.some((backend) => backend.weight > 0);
}

/** The cluster, or the clusters by weight; backends without a weight are left out. */
export function clusterChoice(backends: readonly Backend[]): JsonObject {
  const weighted = backends.filter((backend) => backend.weight > 0);
  if (weighted.length === 1) return { cluster: weighted[0]!.service };
  return { weighted_clusters: { clusters: weighted.map(({ service, weight }) => ({ name: service, weight })) } };
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
