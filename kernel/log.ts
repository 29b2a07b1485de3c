/**
 * The log of a process: JSON lines by pino, one object a line, with `level`, `time` (ISO 8601), `message` and the
 * fields given.
 *
 * Lines are buffered and written without blocking, so that a slow reader of the log cannot stall traffic; past
 * 1 MiB waiting, new lines are dropped. What is buffered is written when the process exits.
 */
import type { Logger as Pino } from 'pino';

/** From most to least; `silent` writes nothing. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** What goes beside the message. An Error under `err` is written with type, message and stack. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where components write; handed in. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** A logger that adds `fields` to every line. It shares the level. */
  child(fields: LogFields): Logger;
  /** What is written at all; may be set at any time, and holds for the whole family of loggers at once. */
  level: LogLevel;
}

/** Options of openLogger. */
export interface LoggerOptions {
  /** Default info. */
  readonly level?: LogLevel;
  /** Fields of every line, for instance the node's name. */
  readonly fields?: LogFields;
  /** A file descriptor; default 2, standard error. */
  readonly destination?: number;
}

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 };
const WAITING_BYTES_MAX = 1 << 20;

/** Opens the log of this process. Pino is loaded here, and not by those who only need the type. */
export async function openLogger(options: LoggerOptions = {}): Promise<Logger> {
  // The whole of its exports: a bundle that is split has no names for those of a CommonJS package.
  const { default: pino } = await import('pino');
  const { level = 'info', fields = {}, destination = 2 } = options;
  const stream = pino.destination({ dest: destination, sync: false, maxLength: WAITING_BYTES_MAX });
  const root = pino(
    {
      // Levels are compared here, because a pino child would not follow its parent's level.
      level: 'trace',
      base: fields,
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );
  return new PinoLogger(root, { level });
}

class PinoLogger implements Logger {
  readonly #pino: Pino;
  readonly #shared: { level: LogLevel };

  constructor(pino: Pino, shared: { level: LogLevel }) {
    this.#pino = pino;
    this.#shared = shared;
  }

  get level(): LogLevel {
    return this.#shared.level;
  }

  set level(level: LogLevel) {
    this.#shared.level = level;
  }

  debug(fields: LogFields, message: string): void {
    if (this.#writes('debug')) this.#pino.debug(fields, message);
  }

  info(fields: LogFields, message: string): void {
    if (this.#writes('info')) this.#pino.info(fields, message);
  }

  warn(fields: LogFields, message: string): void {
    if (this.#writes('warn')) this.#pino.warn(fields, message);
  }

  error(fields: LogFields, message: string): void {
    if (this.#writes('error')) this.#pino.error(fields, message);
  }

  child(fields: LogFields): Logger {
    return new PinoLogger(this.#pino.child(fields), this.#shared);
  }

  #writes(level: LogLevel): boolean {
    return RANK[level] >= RANK[this.#shared.level];
  }
}

/** Writes nothing, whatever its level is set to. */
export const silentLogger: Logger = Object.freeze({
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
  get level(): LogLevel {
    return 'silent';
  },
  set level(_level: LogLevel) {},
});
