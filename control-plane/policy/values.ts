/**
 * The small languages inside values: durations, sizes, command lines, names.
 */

const UNIT_MS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A duration such as `1m30s`, `250ms` or `10s`, in milliseconds; null when it is none. `0` is 0. */
export function parseDurationMs(text: string): number | null {
  if (text === '0') return 0;
  if (!/^(\d+(\.\d+)?(us|ms|s|m|h))+$/.test(text)) return null;
  let totalMs = 0;
  for (const [, number, , unit] of text.matchAll(/(\d+(\.\d+)?)(us|ms|s|m|h)/g))
    totalMs += Number(number) * UNIT_MS[unit!]!;
  return totalMs;
}

/** Whether `text` is a token of HTTP (RFC 9110, 5.6.2) of at most `charsMax` characters: a method, the name of a header or cookie. */
export function isToken(text: string, charsMax = Number.POSITIVE_INFINITY): boolean {
  return text.length <= charsMax && /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text);
}

const UNIT_BYTES: Readonly<Record<string, number>> = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** A size as Compose writes it, such as `512M`, `1gb` or `2048`, in bytes; null when it is none. */
export function parseBytes(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)([bkmg])?b?$/i.exec(text);
  if (match === null) return null;
  return Math.round(Number(match[1]) * UNIT_BYTES[(match[2] ?? 'b').toLowerCase()]!);
}

/** Splits a command line as a POSIX shell does, without expanding anything; null when a quote is left open. */
export function splitCommandLine(line: string): string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  let quote: '"' | "'" | null = null;
  for (let i = 0; i < line.length; i++) {
    const char = line[i]!;
    if (quote !== null) {
      if (char === quote) quote = null;
      else if (char === '\\' && quote === '"' && i + 1 < line.length && '"\\$`'.includes(line[i + 1]!))
        word += line[++i]!;
      else word += char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (/\s/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (char === '\\') {
      if (i + 1 === line.length) return null;
      word = (word ?? '') + line[++i]!;
    } else word = (word ?? '') + char;
  }
  if (quote !== null) return null;
  if (word !== null) words.push(word);
  return words;
}

/**
 * Compose's `$$` is a dollar sign. Null when a variable stands in the text: they are not filled in.
 */
export function unescapeDollars(text: string): string | null {
  if (/(?<!\$)(\$\$)*\$([A-Za-z_{])/.test(text)) return null;
  return text.replaceAll('$$', '$');
}

/** The lines of an env_file: `KEY=value`, comments and blank lines left out; null for a line that is neither. */
export function parseEnvLine(line: string): { key: string; value: string } | 'blank' | null {
  const trimmed = line.trim();
  if (trimmed === '' || trimmed.startsWith('#')) return 'blank';
  const match = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)=(.*)$/.exec(trimmed);
  if (match === null) return null;
  const raw = match[2]!.trim();
  const quoted = /^"(.*)"$/.exec(raw) ?? /^'(.*)'$/.exec(raw);
  return { key: match[1]!, value: quoted?.[1] ?? raw };
}
