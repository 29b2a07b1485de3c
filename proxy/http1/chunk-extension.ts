/**
 * The grammar of chunk extensions (RFC 9112 section 7.1.1), a byte at a time. They are checked and dropped: what a reader
 * takes for an extension and the next one for data is how bodies are smuggled, so that nothing but the grammar passes.
 *
 *   START ─token─► NAME ─=─► VALUE_START ─token─► TOKEN
 *     ▲ ;            │            └──"──► QUOTED ⇄ ESCAPED
 *     └──────────────┴── TOKEN, QUOTED_END, and behind white space AFTER; CR ends the line
 */
import { CR, HTAB, isTokenByte, isValueByte, SP } from '../http/bytes.ts';

export const EXTENSION_START = 0;
const NAME = 1;
const AFTER_NAME = 2;
const VALUE_START = 3;
const TOKEN = 4;
const QUOTED = 5;
const ESCAPED = 6;
const QUOTED_END = 7;
const AFTER = 8;

/** The CR that ends the extensions has come. */
export const EXTENSION_END = 9;
/** The byte may not stand there. */
export const EXTENSION_INVALID = -1;

const SEMICOLON = 59;
const EQUALS = 61;
const QUOTE = 34;
const BACKSLASH = 92;

/** The state behind `byte`, beginning with EXTENSION_START behind the semicolon. */
export function extensionStep(state: number, byte: number): number {
  const space = byte === SP || byte === HTAB;
  switch (state) {
    case EXTENSION_START:
      return space ? EXTENSION_START : isTokenByte(byte) ? NAME : EXTENSION_INVALID;
    case NAME:
      if (byte === EQUALS) return VALUE_START;
      return isTokenByte(byte) ? NAME : space ? AFTER_NAME : behind(byte, true);
    case AFTER_NAME:
      return space ? AFTER_NAME : byte === EQUALS ? VALUE_START : behind(byte, false);
    case VALUE_START:
      return space ? VALUE_START : byte === QUOTE ? QUOTED : isTokenByte(byte) ? TOKEN : EXTENSION_INVALID;
    case TOKEN:
      return isTokenByte(byte) ? TOKEN : space ? AFTER : behind(byte, true);
    case QUOTED:
      if (byte === QUOTE) return QUOTED_END;
      return byte === BACKSLASH ? ESCAPED : isValueByte(byte) ? QUOTED : EXTENSION_INVALID;
    case ESCAPED:
      return isValueByte(byte) ? QUOTED : EXTENSION_INVALID;
    case QUOTED_END:
      return space ? AFTER : behind(byte, true);
    default:
      return space ? AFTER : behind(byte, false);
  }
}

/** What may follow a whole extension: the next one, or the line's end, in front of which no white space stands. */
function behind(byte: number, mayEnd: boolean): number {
  if (byte === SEMICOLON) return EXTENSION_START;
  return byte === CR && mayEnd ? EXTENSION_END : EXTENSION_INVALID;
}
