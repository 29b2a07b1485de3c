/** What is wrong with a configuration, and where. Shared by the JSON mapping, the checks and the decoders. */

/** One step into a message: a field name or map key, or an index. */
export type PathSegment = string | number;

/** A place in a message: the steps from its root, field names in the spelling in which they were found. */
export type Path = readonly PathSegment[];

/** One defect. */
export interface Issue {
  /** `static_resources.listeners[0].filter_chains[0]`; empty for the root. */
  readonly path: string;
  /** The same place as steps, so that a reader of YAML can find the line. */
  readonly segments: Path;
  /** A sentence for people: what is wrong, and where possible what would be right. */
  readonly message: string;
}

/** Writes a path: fields with dots, indexes in brackets, keys that are no plain names quoted in brackets. */
export function formatPath(segments: Path): string {
  let text = '';
  for (const segment of segments) {
    if (typeof segment === 'number') text += `[${segment}]`;
    else if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(segment)) text += `[${JSON.stringify(segment)}]`;
    else text += text === '' ? snakeCase(segment) : `.${snakeCase(segment)}`;
  }
  return text;
}

/** Makes an issue; the path text is in snake_case whatever the spelling of the segments. */
export function issueAt(segments: Path, message: string): Issue {
  return { path: formatPath(segments), segments, message };
}

function snakeCase(name: string): string {
  return /[a-z][A-Z]/.test(name) && !name.includes('_')
    ? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    : name;
}
