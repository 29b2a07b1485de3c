/**
 * Buffer's direct encoders. They are what `toString('latin1')` and `write(text, 'latin1')` call after looking at their
 * arguments; on the hot path those checks cost as much as the copy. Present since Node 0.12, missing from @types/node.
 */
interface Buffer {
  latin1Slice(start?: number, end?: number): string;
  latin1Write(text: string, offset?: number, length?: number): number;
}
