/** From a type URL to the codec of the message: what an Any needs to be read and written. */
import { type MessageTypes, TYPE_NAMES } from '../gen/registry.ts';
import { codecOf } from '../wire/message-codec.ts';
import type { MessageCodec } from './table-types.ts';

/** Prefix of every type URL that we write. Any prefix up to the last slash is accepted when reading. */
export const TYPE_URL_PREFIX = 'type.googleapis.com/';

/** An Any as the generated code has it. */
export interface AnyMessage {
  typeUrl: string;
  value: Buffer;
}

/** `type.googleapis.com/a.b.C` becomes `a.b.C`. */
export function typeNameOf(typeUrl: string): string {
  return typeUrl.slice(typeUrl.lastIndexOf('/') + 1);
}

/** The type URL of a message. */
export function typeUrlOf(messageName: string): string {
  return TYPE_URL_PREFIX + messageName;
}

/** Full names of all messages that can stand in an Any. */
export function knownTypeNames(): readonly string[] {
  return TYPE_NAMES;
}

const NAMES: ReadonlySet<string> = new Set(TYPE_NAMES);

/**
 * The codec of a top-level message by full name, or undefined when we do not have it. Types with a JSON form of their own
 * are the bare value, as everywhere.
 */
export function codecNamed(messageName: string): MessageCodec<unknown> | undefined {
  return NAMES.has(messageName) ? codecOf(messageName) : undefined;
}

/** Wraps a message in an Any. */
export function packAny<N extends keyof MessageTypes>(messageName: N, message: MessageTypes[N]): AnyMessage {
  const bytes = codecOf<MessageTypes[N]>(messageName).encode(message).finish();
  return { typeUrl: typeUrlOf(messageName), value: Buffer.from(bytes) };
}

/**
 * Opens an Any that should hold this type.
 *
 * @returns the message, or undefined when the Any holds another type. Throws on malformed bytes.
 */
export function unpackAny<N extends keyof MessageTypes>(messageName: N, any: AnyMessage): MessageTypes[N] | undefined {
  if (typeNameOf(any.typeUrl) !== messageName) return undefined;
  return codecOf<MessageTypes[N]>(messageName).decode(any.value);
}
