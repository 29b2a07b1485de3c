/**
 * Why something was refused: the same words in NACKs, in the registry and on the dashboard.
 *
 * On the wire a reason is the start of the text, `reason: sentence`, because google.rpc.Status has a text only.
 */
import { ERROR_DETAIL_CHARS_MAX } from './limits.ts';

/** gRPC's INVALID_ARGUMENT, the code of every rejection by a receiver of configuration. */
export const INVALID_ARGUMENT = 3;

/** Reasons a resource or a registration can be refused for. */
export const REJECT_REASONS = [
  /** The bytes are no such message. */
  'malformed',
  /** A constraint of the definition is broken: the whole response is refused. */
  'constraint',
  /** A field is set that the receiver does not honour. */
  'unsupported',
  /** The values contradict each other or something that exists. */
  'invalid',
  /** Something that it refers to is not there. */
  'missing-dependency',
  /** Above one of the limits. */
  'too-large',
  /** The sender may not do this. */
  'forbidden',
  /** Somebody else holds that name. */
  'conflict',
] as const;

/** One of the reasons. */
export type RejectReason = (typeof REJECT_REASONS)[number];

/** Writes a rejection for the wire; the text is cut to the limit. */
export function formatRejection(reason: RejectReason, sentence: string): string {
  const text = `${reason}: ${sentence}`;
  return text.length <= ERROR_DETAIL_CHARS_MAX ? text : `${text.slice(0, ERROR_DETAIL_CHARS_MAX - 3)}...`;
}

/** Reads a rejection; texts of other programs (a real Envoy's) come out with the reason null. */
export function parseRejection(text: string): { readonly reason: RejectReason | null; readonly sentence: string } {
  const reason = REJECT_REASONS.find((each) => text.startsWith(`${each}: `));
  return reason === undefined ? { reason: null, sentence: text } : { reason, sentence: text.slice(reason.length + 2) };
}
