/** What a parse of a message head can end with, and how each refusal reads. */
import type { Http1Limits } from './limits.ts';

export const COMPLETE = 1;
export const INCOMPLETE = 0;

/** Why a head was refused. Negative, so that a parse result is one number. */
export const ParseError = {
  startLine: -1,
  target: -2,
  version: -3,
  fieldName: -4,
  fieldValue: -5,
  lineEnd: -6,
  contentLength: -7,
  transferEncoding: -8,
  framingConflict: -9,
  host: -10,
  headTooLarge: -11,
  tooManyHeaders: -12,
  startLineTooLong: -13,
  status: -14,
  hopByHop: -15,
  finalCoding: -16,
  methodTooLong: -17,
  emptyLines: -18,
} as const;

/** A sentence for each ParseError, for the local reply and the log. */
export const PARSE_ERROR_TEXT: Readonly<Record<number, string>> = {
  [ParseError.startLine]: 'the start line is not "method target HTTP-version" (RFC 9112 section 3)',
  [ParseError.target]:
    'the request target holds a byte that is not allowed, or has a form that is not (RFC 9112 section 3.2)',
  [ParseError.version]: 'the protocol version is neither HTTP/1.1 nor HTTP/1.0',
  [ParseError.fieldName]: 'a header line is not "name: value" with a token as its name (RFC 9112 section 5)',
  [ParseError.fieldValue]: 'a header value holds a control character (RFC 9110 section 5.5)',
  [ParseError.lineEnd]: 'a line does not end in CRLF (RFC 9112 section 2.2)',
  [ParseError.contentLength]: 'Content-Length is not one decimal number (RFC 9110 section 8.6)',
  [ParseError.transferEncoding]: 'the only transfer coding understood is a single "chunked" (RFC 9112 section 6.1)',
  [ParseError.finalCoding]:
    'the last transfer coding is not "chunked", or "chunked" is there twice, or in HTTP/1.0 (RFC 9112 section 6.3)',
  [ParseError.framingConflict]: 'Content-Length and Transfer-Encoding in one message (RFC 9112 section 6.3)',
  [ParseError.host]: 'there must be exactly one valid Host field (RFC 9112 section 3.2)',
  [ParseError.headTooLarge]: 'the header section is larger than the limit',
  [ParseError.tooManyHeaders]: 'there are more header lines than the limit',
  [ParseError.startLineTooLong]: 'the start line is longer than the limit',
  [ParseError.methodTooLong]: 'the method is longer than any that is known',
  [ParseError.emptyLines]: 'too many empty lines stand in front of the request (RFC 9112 section 2.2)',
  [ParseError.status]: 'the status is not a number from 100 to 599',
  [ParseError.hopByHop]: 'Connection names a field that must reach the recipient (RFC 9110 section 7.6.1)',
};

/** More bytes are needed, unless the head is already larger than it may be. */
export function incomplete(start: number, end: number, limits: Http1Limits): number {
  return end - start > limits.headBytes ? ParseError.headTooLarge : INCOMPLETE;
}
