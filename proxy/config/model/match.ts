/** Matching: values, headers, query parameters, paths. envoy.type.matcher.v3 and envoy.config.route.v3.RouteMatch. See README.md beside this file. */
import type { SafeRegex } from '../../../protos/contract/regex/safe-regex.ts';

/** envoy.type.matcher.v3.StringMatcher. Regular expressions are anchored: they match the whole value. */
export type StringMatch =
  | { readonly kind: 'exact'; readonly value: string; readonly ignoreCase: boolean }
  | { readonly kind: 'prefix'; readonly value: string; readonly ignoreCase: boolean }
  | { readonly kind: 'suffix'; readonly value: string; readonly ignoreCase: boolean }
  | { readonly kind: 'contains'; readonly value: string; readonly ignoreCase: boolean }
  | { readonly kind: 'regex'; readonly regex: SafeRegex };

/** envoy.config.route.v3.HeaderMatcher. `name` is lower case. `range` is half-open [start, end). */
export interface HeaderMatch {
  readonly name: string;
  readonly test:
    | { readonly kind: 'string'; readonly match: StringMatch }
    | { readonly kind: 'range'; readonly start: number; readonly end: number }
    | { readonly kind: 'present'; readonly present: boolean };
  readonly invert: boolean;
  /** treat_missing_header_as_empty. */
  readonly missingAsEmpty: boolean;
}

/** envoy.config.route.v3.QueryParameterMatcher. Names are case sensitive. */
export interface QueryMatch {
  readonly name: string;
  readonly test: { readonly kind: 'string'; readonly match: StringMatch } | { readonly kind: 'present' };
}

/** A share of requests: `numerator` of `denominator`, overridable at run time by `runtimeKey` (a percentage there). */
export interface RuntimeFraction {
  readonly numerator: number;
  readonly denominator: 100 | 10_000 | 1_000_000;
  readonly runtimeKey: string | null;
}

/** The path part of envoy.config.route.v3.RouteMatch. `value` has no query string. */
export type PathMatch =
  | { readonly kind: 'prefix'; readonly value: string; readonly caseSensitive: boolean }
  | { readonly kind: 'exact'; readonly value: string; readonly caseSensitive: boolean }
  | { readonly kind: 'separated-prefix'; readonly value: string; readonly caseSensitive: boolean }
  | { readonly kind: 'regex'; readonly regex: SafeRegex }
  /** CONNECT requests, which have no path; they fit nothing else. */
  | { readonly kind: 'connect' };

/** envoy.config.route.v3.RouteMatch. All parts must match. */
export interface RouteMatch {
  readonly path: PathMatch;
  readonly headers: readonly HeaderMatch[];
  readonly query: readonly QueryMatch[];
  readonly runtimeFraction: RuntimeFraction | null;
  /** Match gRPC requests only (content-type application/grpc*). */
  readonly grpcOnly: boolean;
}
