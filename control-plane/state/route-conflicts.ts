/**
 * Gateway API never merges routes of different kinds: whoever has a service as parent decides of which kind its routes
 * are. The older route stays, the younger one is refused.
 */
import type { DanglingReference } from './references.ts';

const KIND = { httproute: 'HTTPRoute', grpcroute: 'GRPCRoute' } as const;

/** What of a route matters here. */
interface RouteParents {
  readonly kind: keyof typeof KIND;
  readonly name: string;
  readonly parents: readonly string[];
}

/** Every parent that a route of the other kind had before. `routes` stand in the order in which they came. */
export function routeConflicts(routes: readonly RouteParents[]): DanglingReference[] {
  const owners = new Map<string, RouteParents>();
  return routes.flatMap((route) =>
    route.parents.flatMap((service, i) => {
      const owner = owners.get(service) ?? route;
      owners.set(service, owner);
      if (owner.kind === route.kind) return [];
      const first = `${KIND[owner.kind]} "${owner.name}"`;
      const message = `service "${service}" is routed by ${first}, and ${KIND[route.kind]}s are never merged with it: make them one kind`;
      return [{ resource: { kind: route.kind, name: route.name }, path: `spec.parentRefs[${i}].name`, message }];
    }),
  );
}
