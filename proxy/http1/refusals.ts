/** The failure for each way in which a request head cannot be read: status by kind, sentence by the rule that was broken. */
import {
  BAD_REQUEST,
  CODING_UNKNOWN,
  type Failure,
  HEADERS_TOO_LARGE,
  METHOD_TOO_LONG,
  VERSION_UNKNOWN,
} from '../http/failure.ts';
import { PARSE_ERROR_TEXT, ParseError } from './parse-result.ts';

const REFUSALS: ReadonlyMap<number, Failure> = new Map(
  Object.values(ParseError).map((error) => {
    const sentence = `The request is not valid: ${PARSE_ERROR_TEXT[error]}.`;
    return [error, { ...kindOf(error), sentence }];
  }),
);

/** What a client is told for a ParseError. */
export function refusal(error: number): Failure {
  return REFUSALS.get(error) ?? BAD_REQUEST;
}

function kindOf(error: number): Failure {
  switch (error) {
    case ParseError.headTooLarge:
    case ParseError.tooManyHeaders:
      return HEADERS_TOO_LARGE;
    case ParseError.startLineTooLong:
      return { ...HEADERS_TOO_LARGE, status: 414 };
    case ParseError.transferEncoding:
      return CODING_UNKNOWN;
    case ParseError.methodTooLong:
      return METHOD_TOO_LONG;
    case ParseError.version:
      return VERSION_UNKNOWN;
    default:
      return BAD_REQUEST;
  }
}
