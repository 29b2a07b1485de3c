/** What one path of the admin port is: a pure function from a request to a reply, beside its line in the help. */

/** A request, read. */
export interface AdminRequest {
  readonly path: string;
  /** Of the address, and of a form in the body. */
  readonly query: URLSearchParams;
}

/** An answer. */
export interface AdminReply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  /** Runs when the answer has gone out. */
  readonly after?: () => void;
}

/** One path. */
export interface AdminEndpoint {
  /** With the leading slash. */
  readonly path: string;
  /** One sentence for `/help`. */
  readonly help: string;
  /** The parameters, for `/help`: `filter=REGEX`. */
  readonly parameters?: readonly string[];
  /** It changes something: only by POST, and only from this machine. May depend on the parameters. */
  changes?(query: URLSearchParams): boolean;
  handle(request: AdminRequest): AdminReply | Promise<AdminReply>;
}

/** A text answer. */
export function textReply(body: string, status = 200): AdminReply {
  return { status, contentType: 'text/plain; charset=UTF-8', body };
}

/** A JSON answer, indented for people. */
export function jsonReply(value: unknown): AdminReply {
  return { status: 200, contentType: 'application/json', body: `${JSON.stringify(value, null, 1)}\n` };
}

/** Always: for `changes`. */
export const ALWAYS = (): boolean => true;

const PATTERN_CHARS_MAX = 512;

/** The regular expression of a parameter: null when it is absent, a text that says what is wrong when it is no good. */
export function patternOf(query: URLSearchParams, name: string): RegExp | string | null {
  const source = query.get(name);
  if (source === null || source === '') return null;
  if (source.length > PATTERN_CHARS_MAX) {
    return `${name} has ${source.length} characters: at most ${PATTERN_CHARS_MAX} are allowed`;
  }
  try {
    return new RegExp(source);
  } catch (error) {
    return `${name} is no regular expression: ${error instanceof Error ? error.message : String(error)}`;
  }
}
