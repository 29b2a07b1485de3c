/** What both kinds of message and their trailers ask of a field (RFC 9113 sections 8.1 and 8.2.2). HOT. */
import { type Field, KIND } from '../hpack/field.ts';

const LENGTH = /^[0-9]{1,15}$/;

/** A valid field that is neither a pseudo-header field nor one of the connection. */
export function isRegular({ valid, kind }: Field): boolean {
  return valid && kind !== KIND.hopByHop && (kind < KIND.method || kind > KIND.unknownPseudo);
}

/** The number of a content-length: at most 15 digits, so that it is exact; -1 when it is none. */
export function lengthOf({ value }: Field): number {
  return LENGTH.test(value) ? Number(value) : -1;
}
