/**
 * The static table of HPACK (RFC 7541 Appendix A): 61 fields that both sides of every connection know from the start.
 *
 * Entries of one name stand next to each other, which is what the look-up here rests on.
 */

/** Entries of the static table; the first entry of a dynamic table has the next index, 62. */
export const STATIC_COUNT = 61;

const PAIRS = [
  [':authority', ''],
  [':method', 'GET'],
  [':method', 'POST'],
  [':path', '/'],
  [':path', '/index.html'],
  [':scheme', 'http'],
  [':scheme', 'https'],
  [':status', '200'],
  [':status', '204'],
  [':status', '206'],
  [':status', '304'],
  [':status', '400'],
  [':status', '404'],
  [':status', '500'],
  ['accept-charset', ''],
  ['accept-encoding', 'gzip, deflate'],
] as const;

/** The rest of the table, from index 17 on, has no values. */
const NAMES = `accept-language accept-ranges accept access-control-allow-origin age allow authorization cache-control
  content-disposition content-encoding content-language content-length content-location content-range content-type cookie
  date etag expect expires from host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified
  link location max-forwards proxy-authenticate proxy-authorization range referer refresh retry-after server set-cookie
  strict-transport-security transfer-encoding user-agent vary via www-authenticate`.split(/\s+/);

/** Names and values by index, 1 to 61; index 0 is no entry and holds empty texts (RFC 7541 section 6.1). */
export const STATIC_NAMES: readonly string[] = Object.freeze(['', ...PAIRS.map(([name]) => name), ...NAMES]);
/** See STATIC_NAMES. */
export const STATIC_VALUES: readonly string[] = Object.freeze([
  '',
  ...PAIRS.map(([, value]) => value),
  ...NAMES.map(() => ''),
]);

/** Index of the first entry with each name. Reversed, so that the first of several is the one that stays. */
const FIRST: ReadonlyMap<string, number> = new Map(STATIC_NAMES.map((name, index) => [name, index] as const).reverse());

/** Index of the first entry with that lower-case name, 1 to 61, or 0. */
export function staticNameIndex(name: string): number {
  return FIRST.get(name) ?? 0;
}

/** Index of the entry with that value among those that share the name of entry `first`, or 0; 0 for `first` 0. HOT. */
export function staticFieldIndex(first: number, value: string): number {
  const name = STATIC_NAMES[first];
  for (let index = first; index > 0 && STATIC_NAMES[index] === name; index++)
    if (STATIC_VALUES[index] === value) return index;
  return 0;
}
