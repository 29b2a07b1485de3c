/** Access logs. envoy.config.accesslog.v3 and its sinks. See README.md beside this file. */
import type { FormatPart } from './header-edits.ts';
import type { HeaderMatch, RuntimeFraction } from './match.ts';

/** One access log of a listener, connection manager or TCP proxy. `path` is a file, or standard output or error. */
export interface AccessLogConfig {
  readonly sink: { readonly kind: 'file'; readonly path: string } | { readonly kind: 'stdout' | 'stderr' };
  readonly format:
    | { readonly kind: 'text'; readonly parts: readonly FormatPart[] }
    | { readonly kind: 'json'; readonly value: JsonFormat };
  /** Null logs everything. */
  readonly filter: AccessLogFilterConfig | null;
}

/** The shape of a JSON line: literal values, texts with commands, and lists and objects of them. */
export type JsonFormat =
  | { readonly kind: 'literal'; readonly value: number | boolean | null }
  | { readonly kind: 'format'; readonly parts: readonly FormatPart[] }
  | { readonly kind: 'list'; readonly items: readonly JsonFormat[] }
  | { readonly kind: 'object'; readonly members: readonly { readonly key: string; readonly value: JsonFormat }[] };

/** envoy.config.accesslog.v3.AccessLogFilter. No flags means any flag. */
export type AccessLogFilterConfig =
  | { readonly kind: 'status' | 'duration'; readonly comparison: LogComparison }
  | { readonly kind: 'not-health-check' }
  | { readonly kind: 'runtime'; readonly fraction: RuntimeFraction }
  | { readonly kind: 'and' | 'or'; readonly filters: readonly AccessLogFilterConfig[] }
  | { readonly kind: 'header'; readonly match: HeaderMatch }
  | { readonly kind: 'flags'; readonly flags: readonly string[] };

/** envoy.config.accesslog.v3.ComparisonFilter. Durations are milliseconds. */
export interface LogComparison {
  readonly op: 'equal' | 'at-least' | 'at-most';
  readonly value: number;
  readonly runtimeKey: string | null;
}
