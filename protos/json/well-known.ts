/** JSON forms of google.protobuf types that have one of their own, RFC 3339 times and `0.300s` durations among them. */

/** A Duration as the generated code has it. Both parts have the same sign. */
export interface DurationMessage {
  seconds: number;
  nanos: number;
  _unknownFields?: Record<number, Uint8Array[]> | undefined;
}

/** Longest duration of the protobuf specification: about 10,000 years. */
const DURATION_SECONDS_MAX = 315_576_000_000;

/** Messages whose JSON form is the bare value and whose generated type is `T | undefined`. */
const WRAPPER_SCALARS: Readonly<Record<string, string>> = {
  'google.protobuf.DoubleValue': 'double',
  'google.protobuf.FloatValue': 'float',
  'google.protobuf.Int64Value': 'int64',
  'google.protobuf.UInt64Value': 'uint64',
  'google.protobuf.Int32Value': 'int32',
  'google.protobuf.UInt32Value': 'uint32',
  'google.protobuf.BoolValue': 'bool',
  'google.protobuf.StringValue': 'string',
  'google.protobuf.BytesValue': 'bytes',
};

/** The scalar inside a wrapper message, or undefined when the message is none. */
export function wrappedScalar(messageName: string): string | undefined {
  return WRAPPER_SCALARS[messageName];
}

/** True for messages that the generated code turns into plain JSON values: Struct, Value, ListValue. */
export function isPlainJson(messageName: string): boolean {
  return messageName === 'google.protobuf.Struct' || isValueOrList(messageName);
}

function isValueOrList(messageName: string): boolean {
  return messageName === 'google.protobuf.Value' || messageName === 'google.protobuf.ListValue';
}

/** True for messages whose JSON form is not an object of their fields; inside an Any it stands under `value`. */
export function hasOwnJsonForm(messageName: string): boolean {
  return (
    wrappedScalar(messageName) !== undefined ||
    isPlainJson(messageName) ||
    messageName === 'google.protobuf.Duration' ||
    messageName === 'google.protobuf.Timestamp'
  );
}

/** Reads `1s`, `0.300s`, `-1.5s`; undefined when the text is no duration or out of range. */
export function parseDuration(text: string): DurationMessage | undefined {
  const match = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?s$/.exec(text);
  if (match === null) return undefined;
  const sign = match[1] === '-' ? -1 : 1;
  const seconds = Number(match[2]);
  if (seconds > DURATION_SECONDS_MAX) return undefined;
  const nanos = Number((match[3] ?? '').padEnd(9, '0'));
  return { seconds: plainZero(sign * seconds), nanos: plainZero(sign * nanos), _unknownFields: {} };
}

/** Writes a duration with 0, 3, 6 or 9 decimals. */
export function formatDuration({ seconds, nanos }: { seconds: number; nanos: number }): string {
  const sign = seconds < 0 || nanos < 0 ? '-' : '';
  return `${sign}${Math.abs(seconds)}${fraction(Math.abs(nanos))}s`;
}

/** Reads an RFC 3339 time with up to nine decimals; undefined when it is none. */
export function parseTimestamp(text: string): DurationMessage | undefined {
  const match = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})$/.exec(text);
  if (match === null) return undefined;
  const millis = Date.parse(`${match[1]}${match[3]}`);
  if (Number.isNaN(millis)) return undefined;
  return { seconds: millis / 1000, nanos: Number((match[2] ?? '').padEnd(9, '0')), _unknownFields: {} };
}

/** Writes an RFC 3339 time in UTC. */
export function formatTimestamp({ seconds, nanos }: { seconds: number; nanos: number }): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}${fraction(nanos)}Z`;
}

function fraction(nanos: number): string {
  if (nanos === 0) return '';
  const digits = String(nanos).padStart(9, '0');
  return `.${digits.replace(/(000){1,2}$/, '')}`;
}

function plainZero(value: number): number {
  return value === 0 ? 0 : value;
}
