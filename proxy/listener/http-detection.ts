/** Whether the first bytes of a connection are HTTP, and which (Envoy's HTTP inspector). */
import { PREFACE as PREFACE_BYTES } from '../http2/frames/frames.ts';

/** ALPN's names for what was found; `none` is another protocol. */
export type DetectedProtocol = 'http/1.0' | 'http/1.1' | 'h2c' | 'none' | 'incomplete';

const PREFACE = PREFACE_BYTES.latin1Slice();
/** A method is an upper-case word for every client there is; tokens may be longer, but none is. */
const METHOD = /^[A-Z][A-Z-]{0,23}$/;
const METHOD_BYTES = 24;
/** A request line that is longer is not waited for: what came so far looks like HTTP. */
const LINE_BYTES = 8_192;

/** Looks at the first bytes. Long lines and short ones alike are told apart by method, then version. */
export function detectHttp(bytes: Buffer): DetectedProtocol {
  const text = bytes.latin1Slice(0, Math.min(bytes.length, LINE_BYTES));
  const preface = text.slice(0, PREFACE.length);
  if (PREFACE.startsWith(preface) && preface.length > 3)
    return preface.length === PREFACE.length ? 'h2c' : 'incomplete';
  const start = text.startsWith('\r\n') ? 2 : 0;
  const space = text.indexOf(' ', start);
  if (space < 0) {
    const begun = text.slice(start);
    const open = begun.length <= METHOD_BYTES && (begun === '' || begun === '\r' || METHOD.test(begun));
    return open ? 'incomplete' : 'none';
  }
  if (!METHOD.test(text.slice(start, space))) return 'none';
  const end = text.indexOf('\n', space);
  if (end < 0) return text.length < LINE_BYTES ? 'incomplete' : 'http/1.1';
  const version = /HTTP\/1\.([01])\r?$/.exec(text.slice(space, end));
  if (version === null) return 'none';
  return version[1] === '1' ? 'http/1.1' : 'http/1.0';
}
