/**
 * Assertions: for what only a mistake in our own code can break. Expected failures are values (`result.ts`).
 */

/** Thrown by `assert` and `unreachable`; nothing catches it but the rim of the process. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/** Throws AssertionError when `condition` is false. The message says what should have held, and the value that did not. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** The default branch of a switch over a union: the compiler refuses it as long as a member is not handled. */
export function unreachable(value: never): never {
  throw new AssertionError(`a case that the types rule out was reached: ${describe(value)}`);
}

function describe(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}
