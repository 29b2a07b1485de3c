/**
 * The one shape of every error answer: {error: {code, message, details: [{path, message, suggestion?}]}}.
 */
import type { FastifyError } from 'fastify';
import type { Problem } from '../policy/problem.ts';
import type { Rejection, RejectionDetail } from '../state/command.ts';
import { CommitError } from '../store/store.ts';

/** The codes, and the status that each is answered with. */
const STATUS = {
  not_leader: 307,
  invalid: 422,
  malformed: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  refused: 409,
  conflict: 412,
  too_many: 429,
  needs_force: 409,
  not_ready: 503,
  unavailable: 503,
  internal: 500,
} as const;

/** What went wrong, in one word. */
export type ErrorCode = keyof typeof STATUS;

/** One place that is wrong; for what came as a file with its position. */
export type ErrorDetail = RejectionDetail | Problem;

/** Thrown by handlers; answered in the shape above. `extra` stands beside `error`. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ErrorCode;
  readonly details: readonly ErrorDetail[];
  readonly extra: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    details: readonly ErrorDetail[] = [],
    extra: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.code = code;
    this.details = details;
    this.extra = extra;
  }
}

/** A command that the state rejected. */
export function rejectionError({ code, message, details }: Rejection): ApiError {
  return new ApiError(code, message, details);
}

/** A text with mistakes in it. They stand under `errors` too, as compilers' output is read. */
export function problemsError(file: string, problems: readonly Problem[]): ApiError {
  const message = `${file} has ${problems.length === 1 ? 'a mistake' : `${problems.length} mistakes`}: nothing was applied`;
  return new ApiError('invalid', message, problems, { errors: problems });
}

/** Status and body for whatever a handler threw. Of our own mistakes only the message is told. */
export function errorAnswer(error: unknown): {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
} {
  if (error instanceof ApiError) {
    const { code, message, details, extra } = error;
    return { status: STATUS[code], body: { error: { code, message, details }, ...extra } };
  }
  if (error instanceof CommitError) {
    const { message, applied } = error;
    return { status: STATUS.unavailable, body: { error: { code: 'unavailable', message, details: [] }, applied } };
  }
  const { statusCode = 500, message, validation } = error as FastifyError;
  const code: ErrorCode = statusCode >= 500 ? 'internal' : statusCode === 404 ? 'not_found' : 'malformed';
  const details = (validation ?? []).map((each) => ({
    path: each.instancePath.replace(/^\//, '').replaceAll('/', '.'),
    message: each.message ?? 'is not valid',
  }));
  return { status: statusCode, body: { error: { code, message, details } } };
}
