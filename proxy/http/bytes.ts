/**
 * Byte classes and comparisons of the HTTP grammar (RFC 9110 section 5.6, RFC 9112 section 2). HOT: plain table
 * look-ups over one typed array, no allocation.
 */

export const CR = 13;
export const LF = 10;
export const SP = 32;
export const HTAB = 9;
export const COLON = 58;

/** Bits of a byte's class, see `classOf`. */
export const TOKEN_BIT = 1;
const VALUE_BIT = 2;
export const TARGET_BIT = 4;
const HOST_BIT = 8;
/** `_` */
export const UNDERSCORE_BIT = 16;
/** `/`, and `.` one bit higher. */
export const SLASH_BIT = 32;
export const DOT_BIT = 64;
/** `%` and `\`. */
export const ESCAPE_BIT = 128;

const CLASS = new Uint8Array(256);

function mark(characters: string, bit: number): void {
  for (let i = 0; i < characters.length; i++) CLASS[characters.charCodeAt(i)]! |= bit;
}

const ALPHANUMERIC = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
mark(`!#$%&'*+-.^_\`|~${ALPHANUMERIC}`, TOKEN_BIT);
mark(`-._~!$&'()*+;=:${ALPHANUMERIC}`, HOST_BIT);
for (let byte = 0x20; byte < 0x100; byte++) if (byte !== 0x7f) CLASS[byte]! |= VALUE_BIT;
CLASS[HTAB]! |= VALUE_BIT;
// A request target is visible ASCII: RFC 3986 has no raw byte above 0x7e, and `#` never reaches a server.
for (let byte = 0x21; byte < 0x7f; byte++) if (byte !== 0x23) CLASS[byte]! |= TARGET_BIT;
mark('_', UNDERSCORE_BIT);
mark('/', SLASH_BIT);
mark('.', DOT_BIT);
mark('%\\', ESCAPE_BIT);

/** All that is known of a byte, so that one look-up serves several questions. */
export function classOf(byte: number): number {
  return CLASS[byte]!;
}

/** tchar, RFC 9110 section 5.6.2. */
export function isTokenByte(byte: number): boolean {
  return (CLASS[byte]! & TOKEN_BIT) !== 0;
}

/** field-vchar, obs-text, SP or HTAB, RFC 9110 section 5.5. Excludes CR, LF, NUL and every other control byte. */
export function isValueByte(byte: number): boolean {
  return (CLASS[byte]! & VALUE_BIT) !== 0;
}

/**
 * What may stand in the registered name of `uri-host [":" port]`, RFC 9110 section 7.2; user information (`@`) is not part
 * of it, nor are the brackets of an IP literal.
 */
export function isHostByte(byte: number): boolean {
  return (CLASS[byte]! & HOST_BIT) !== 0;
}

/** DIGIT, RFC 5234. */
export function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57;
}

/** HEXDIG of either case. */
export function isHexDigit(byte: number): boolean {
  const lower = byte | 0x20;
  return isDigit(byte) || (lower >= 97 && lower <= 102);
}

/** The lower-case bytes of an ASCII text, to compare with. */
export function lowerBytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.toLowerCase(), 'latin1'));
}

/** Whether `buffer[start, end)` equals `lower` when the case of ASCII letters is ignored. */
export function equalsIgnoreCase(buffer: Uint8Array, start: number, end: number, lower: Uint8Array): boolean {
  const length = lower.length;
  if (end - start !== length) return false;
  for (let i = 0; i < length; i++) {
    const byte = buffer[start + i]!;
    if (byte === lower[i]!) continue;
    // Only letters fold: OR-ing 0x20 into other bytes would make `[` and `{` equal.
    if (byte < 65 || byte > 90 || (byte | 0x20) !== lower[i]!) return false;
  }
  return true;
}
