/**
 * Gateway API routes whose parents are Services (GAMMA).
 */
import type { Resource } from './resource.ts';

/** What a route of every kind has. A service has routes of one kind, see route-conflicts.ts. */
interface RouteOf<Rule> extends Resource {
  /** The services whose callers it routes. */
  readonly parents: readonly string[];
  readonly rules: readonly Rule[];
}

/** A Gateway API HTTPRoute. */
export interface HttpRoute extends RouteOf<HttpRouteRule> {
  readonly kind: 'httproute';
}

/** One rule: any of the matches, then the filters, then the backends by weight. */
export interface HttpRouteRule {
  /** At least one. */
  readonly matches: readonly HttpRouteMatch[];
  readonly filters: readonly HttpRouteFilter[];
  /** Empty only beside a redirect; all weights zero answers 500, as Gateway API says. */
  readonly backends: readonly Backend[];
  /** Null: the mesh's default; 0: none. */
  readonly requestTimeoutMs: number | null;
  /** Of one try (timeouts.backendRequest). Null, 0: none of its own. */
  readonly backendTimeoutMs: number | null;
  /** Null: the mesh's default. */
  readonly retry: RouteRetry | null;
  /** Null: every request goes where the balancer sends it. */
  readonly session: SessionCookie | null;
}

/** `retry` of a rule: what never reached the application, and answers with these codes. */
export interface RouteRetry {
  /** 400 to 599. */
  readonly codes: readonly number[];
  /** Tries after the first. */
  readonly attempts: number;
  /** The shortest wait before the first of them; null: the mesh's default. */
  readonly backoffMs: number | null;
}

/** `sessionPersistence` of a rule: requests with the same cookie go to the same instance while there is one. */
export interface SessionCookie {
  readonly name: string;
  /** 0: as long as the browser is open. */
  readonly ttlMs: number;
}

/** A backend of a rule, with its share of the sum of all weights. */
export interface Backend {
  readonly service: string;
  readonly port: number | null;
  /** 0 to 1,000,000. */
  readonly weight: number;
  /** Header edits for what this backend gets, and answers. */
  readonly filters: readonly HeaderFilter[];
  /** Only instances with these values (`x-subset`); null: any. */
  readonly subset: Readonly<Record<string, string>> | null;
}

/** All parts must match. */
export interface HttpRouteMatch {
  readonly path: { readonly kind: 'exact' | 'prefix' | 'regex'; readonly value: string };
  readonly method: string | null;
  readonly headers: readonly ValueMatch[];
  readonly query: readonly ValueMatch[];
}

/** A header or query parameter and the value it must have. */
export interface ValueMatch {
  readonly name: string;
  readonly kind: 'exact' | 'regex';
  readonly value: string;
}

/** What is done to a request before it is forwarded, or to its response. */
export type HttpRouteFilter =
  | HeaderFilter
  | MirrorFilter
  | CorsFilter
  | {
      readonly kind: 'redirect';
      readonly scheme: 'http' | 'https' | null;
      readonly hostname: string | null;
      readonly port: number | null;
      readonly path: PathChange | null;
      readonly status: 301 | 302 | 303 | 307 | 308;
    }
  | { readonly kind: 'rewrite'; readonly hostname: string | null; readonly path: PathChange | null };

/** A copy of a share of the requests goes to another service as well, whose answers count for nothing. */
export interface MirrorFilter {
  readonly kind: 'mirror';
  readonly service: string;
  readonly port: number | null;
  /** Of `denominator`, which is at least 1. */
  readonly numerator: number;
  readonly denominator: number;
}

/** What browsers may do that show a page of another origin. Empty lists allow nothing of the kind. */
export interface CorsFilter {
  readonly kind: 'cors';
  /** Origins; `*` stands for any, and in `https://*.example.com` for any name. */
  readonly allowOrigins: readonly string[];
  readonly allowMethods: readonly string[];
  readonly allowHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly allowCredentials: boolean;
  readonly maxAgeSeconds: number;
}

/** Header edits of requests, or of their responses. */
export type HeaderFilter =
  | ({ readonly kind: 'request-headers' } & HeaderChanges)
  | ({ readonly kind: 'response-headers' } & HeaderChanges);

/** Header edits: `set` replaces, `add` appends. */
export interface HeaderChanges {
  readonly set: readonly HeaderValue[];
  readonly add: readonly HeaderValue[];
  readonly remove: readonly string[];
}

/** A header and its value. */
export interface HeaderValue {
  readonly name: string;
  readonly value: string;
}

/** The whole path, or only the matched prefix. */
export interface PathChange {
  readonly kind: 'full' | 'prefix';
  readonly value: string;
}

/** A Gateway API GRPCRoute. It speaks of gRPC calls, and of nothing else. */
export interface GrpcRoute extends RouteOf<GrpcRouteRule> {
  readonly kind: 'grpcroute';
}

/** One rule: any of the matches, then the filters, then the backends by weight. */
export interface GrpcRouteRule {
  /** At least one. */
  readonly matches: readonly GrpcRouteMatch[];
  readonly filters: readonly (HeaderFilter | MirrorFilter)[];
  /** At least one; all weights zero answers UNAVAILABLE, as Gateway API says. */
  readonly backends: readonly Backend[];
}

/** Both parts must match. */
export interface GrpcRouteMatch {
  /** Null: any. */
  readonly method: GrpcMethodMatch | null;
  readonly headers: readonly ValueMatch[];
}

/** The names in the path `/service/method`; null is any. One of the two is not null. */
export interface GrpcMethodMatch {
  readonly kind: 'exact' | 'regex';
  readonly service: string | null;
  readonly method: string | null;
}

/**
 * A Gateway API TCPRoute: where connections go. Its parents are services of protocol `tcp` that no other route has; it has
 * exactly one rule.
 */
export interface TcpRoute extends RouteOf<TcpRouteRule> {
  readonly kind: 'tcproute';
}

/** Connections are shared out among the backends by weight; at least one has some. */
export interface TcpRouteRule {
  readonly backends: readonly Backend[];
}
