/**
 * Gateway API never merges routes of different kinds: whoever has a service as parent decides of which kind its routes
 * are. Of TCPRoutes a service has one, as nothing tells one connection from another. The older route stays, the younger one
 * is refused; so it is with TrafficPolicies, of which a service has one.
 */
import type { State } from './model.ts';
import type { ResourceProblem } from './problem.ts';
import type { TrafficPolicy } from './traffic-policy.ts';

const KIND = { httproute: 'HTTPRoute', grpcroute: 'GRPCRoute', tcproute: 'TCPRoute' } as const;

/** What of a route matters here. */
interface RouteParents {
  readonly kind: keyof typeof KIND;
  readonly name: string;
  readonly parents: readonly string[];
  readonly createdAtMs: number;
}

/** Every parent that a route of the other kind had before. */
export function routeConflicts({ routes, grpcRoutes, tcpRoutes }: State): ResourceProblem[] {
  const owners = new Map<string, RouteParents>();
  const all: RouteParents[] = [...routes.values(), ...grpcRoutes.values(), ...tcpRoutes.values()];
  return all.sort(byAge).flatMap((route) =>
    route.parents.flatMap((service, i) => {
      const owner = owners.get(service) ?? route;
      owners.set(service, owner);
      if (owner === route || (owner.kind === route.kind && route.kind !== 'tcproute')) return [];
      const first = `service "${service}" is routed by ${KIND[owner.kind]} "${owner.name}"`;
      const message =
        owner.kind === route.kind
          ? `${first}, and connections know no other difference: make them one route`
          : `${first}, and ${KIND[route.kind]}s are never merged with it: make them one kind`;
      return [{ resource: { kind: route.kind, name: route.name }, path: `spec.parentRefs[${i}].name`, message }];
    }),
  );
}

/** Every TrafficPolicy of a service that had one before. */
export function policyConflicts({ trafficPolicies }: State): ResourceProblem[] {
  const owners = new Map<string, TrafficPolicy>();
  return [...trafficPolicies.values()].sort(byAge).flatMap((policy) => {
    const owner = owners.get(policy.service) ?? policy;
    owners.set(policy.service, owner);
    if (owner === policy) return [];
    const message = `service "${policy.service}" has TrafficPolicy "${owner.name}" already: put both into one`;
    return [{ resource: { kind: policy.kind, name: policy.name }, path: 'spec.targetRef.name', message }];
  });
}

function byAge(a: { readonly createdAtMs: number }, b: { readonly createdAtMs: number }): number {
  return a.createdAtMs - b.createdAtMs;
}
