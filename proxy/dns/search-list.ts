/**
 * What resolvers make of a name by their search list (resolv.conf(5)), undone. PURE.
 *
 *   search default.svc.cluster.local svc.cluster.local
 *   catalog.mesh ──resolver──► catalog.mesh.default.svc.cluster.local? no. catalog.mesh.svc.cluster.local? no. catalog.mesh?
 *
 * The first question is answered as the last one would be, which ends the series.
 */

/** What the name may have been before, one for each domain of the list that it ends in, in the order of the list. */
export function beforeSearch(name: string, search: readonly string[]): string[] {
  return search.flatMap((domain) => (name.endsWith(`.${domain}`) ? [name.slice(0, -domain.length - 1)] : []));
}
