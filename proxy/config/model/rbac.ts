/** Who may do what. envoy.extensions.filters.http.rbac.v3 and envoy.config.rbac.v3. See README.md beside this file. */
import type { HeaderMatch, StringMatch } from './match.ts';

/** envoy.extensions.filters.http.rbac.v3.RBAC, of the filter itself or in its place on a route. */
export interface RbacConfig {
  readonly kind: 'rbac';
  /** Null: nothing is enforced. */
  readonly rules: RbacRules | null;
  /** Counted only; null for none. */
  readonly shadowRules: RbacRules | null;
  /** Both end in a dot, or are empty. */
  readonly rulesStatPrefix: string;
  readonly shadowRulesStatPrefix: string;
  readonly trackPerRuleStats: boolean;
}

/** envoy.config.rbac.v3.RBAC. */
export interface RbacRules {
  readonly action: 'allow' | 'deny' | 'log';
  /** In the order of their names, in which they are tried. */
  readonly policies: readonly RbacPolicy[];
}

/** envoy.config.rbac.v3.Policy: it holds when one permission and one principal hold. */
export interface RbacPolicy {
  readonly name: string;
  readonly permissions: readonly RbacRule[];
  readonly principals: readonly RbacRule[];
}

/** envoy.config.rbac.v3.Permission and Principal: what a request wants, and who sends it, are asked in the same way. */
export type RbacRule =
  | { readonly kind: 'and' | 'or'; readonly rules: readonly RbacRule[] }
  | { readonly kind: 'not'; readonly rule: RbacRule }
  | { readonly kind: 'any' }
  | { readonly kind: 'header'; readonly match: HeaderMatch }
  /** Without its query. */
  | { readonly kind: 'path'; readonly match: StringMatch }
  /** `10.0.0.0/8`. `remote` is the client behind trusted proxies, `source` our peer by PROXY header, `direct` the socket's. */
  | { readonly kind: 'address'; readonly of: 'local' | 'source' | 'direct' | 'remote'; readonly range: string }
  /** Of this end; half-open [start, end). */
  | { readonly kind: 'port'; readonly start: number; readonly end: number }
  /** SNI; empty without. */
  | { readonly kind: 'server-name'; readonly match: StringMatch }
  /** By TLS; null: whoever the listener's TLS let in. */
  | { readonly kind: 'authenticated'; readonly name: StringMatch | null };
