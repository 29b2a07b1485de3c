/**
 * Reads Prometheus' text format (version 0.0.4), as far as scraping sidecars needs it: name, labels, value.
 */

/** One sample line. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The samples whose name is in `names`; comments, other names and lines that are no samples are skipped. */
export function* parseSamples(text: string, names: ReadonlySet<string>): Generator<Sample> {
  for (const line of text.split('\n')) {
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/.exec(line);
    if (match === null || !names.has(match[1]!)) continue;
    yield { name: match[1]!, labels: parseLabels(match[2] ?? ''), value: parseValue(match[3]!) };
  }
}

/** A value as the format writes it: a number, +Inf, -Inf or NaN. */
export function parseValue(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  return text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text);
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', '"': '"', '\\': '\\' };

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [, name, value] of text.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)) {
    labels[name!] = value!.replace(/\\(.)/g, (whole, escaped: string) => ESCAPES[escaped] ?? whole);
  }
  return labels;
}
