/** Header edits and substitution formats. envoy.config.core.v3.HeaderValueOption. See README.md beside this file. */
/** How envoy.config.core.v3.HeaderValueOption.append_action joins with what is there. */
export type AppendAction = 'append' | 'add-if-absent' | 'overwrite' | 'overwrite-if-exists';

/**
 * envoy.config.core.v3.HeaderValueOption. `name` in the writer's case. `value` is literal text and `%COMMAND%` parts
 * in order, so that nothing is parsed at run time.
 */
export interface HeaderAdd {
  readonly name: string;
  readonly value: readonly FormatPart[];
  readonly action: AppendAction;
  readonly keepEmptyValue: boolean;
}

/** One part of a substitution format string: literal text, or a command operator such as `REQ(X-REQUEST-ID)`. */
export type FormatPart =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'command';
      /** The operator's name, upper case: `DOWNSTREAM_REMOTE_ADDRESS`, `REQ`, `RESPONSE_CODE`, `START_TIME`, ... */
      readonly command: string;
      /** What stands in parentheses, split at `?` for REQ/RESP alternatives; empty when there is none. */
      readonly args: readonly string[];
      /** Truncation `:N`, or null. */
      readonly maxLength: number | null;
    };

/** Header edits of one level (route, virtual host, route table, weighted cluster), applied most specific first. */
export interface HeaderEdits {
  readonly requestAdd: readonly HeaderAdd[];
  /** Lower case. */
  readonly requestRemove: readonly string[];
  readonly responseAdd: readonly HeaderAdd[];
  /** Lower case. */
  readonly responseRemove: readonly string[];
}
