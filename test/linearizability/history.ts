/**
 * A history of operations on registers, as clients saw them.
 */

/** What was done to a register. Values are strings, or null while nothing is set. */
export type Operation =
  | { readonly kind: 'read'; readonly value: string | null }
  | { readonly kind: 'write'; readonly value: string }
  /** Sets `to` if the value is `from`; `done` says whether it was. Of unknown outcome: as if it was. */
  | { readonly kind: 'compare-and-set'; readonly from: string | null; readonly to: string; readonly done: boolean };

/** One operation with its interval: it took effect at one moment in it. */
export interface Span {
  readonly operation: Operation;
  readonly client: number;
  readonly startedAt: number;
  /** Infinity: nobody knows whether it was done. It may take effect at any later time, or never. */
  readonly endedAt: number;
}

/** A value after an operation; undefined: the operation cannot have had this result. */
export type Next = { readonly value: string | null } | undefined;

/** The register: what an operation makes of a value. */
export function step(operation: Operation, value: string | null): Next {
  switch (operation.kind) {
    case 'read':
      return operation.value === value ? { value } : undefined;
    case 'write':
      return { value: operation.value };
    case 'compare-and-set':
      if ((operation.from === value) !== operation.done) return undefined;
      return { value: operation.done ? operation.to : value };
  }
}

/** For messages. */
export function spanText({ operation, client, startedAt, endedAt }: Span): string {
  const when = `${startedAt.toFixed(1)} to ${endedAt === Infinity ? '?' : endedAt.toFixed(1)}`;
  const what =
    operation.kind === 'compare-and-set'
      ? `${operation.from} to ${operation.to}${operation.done ? '' : ', refused'}`
      : String(operation.value);
  return `client ${client}, ${when}: ${operation.kind} ${what}`;
}
