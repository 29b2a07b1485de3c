/** Envoy's log levels, and ours that is nearest. */
import type { LogLevel } from '../kernel/log.ts';
import { err, ok, type Result } from '../kernel/result.ts';

export const LOG_LEVELS: ReadonlyMap<string, LogLevel> = new Map([
  ['trace', 'debug'],
  ['debug', 'debug'],
  ['info', 'info'],
  ['warning', 'warn'],
  ['warn', 'warn'],
  ['error', 'error'],
  ['critical', 'error'],
  ['off', 'silent'],
]);

/** Our level for a word of Envoy's; the error names those there are. */
export function parseLogLevel(word: string): Result<LogLevel, string> {
  const level = LOG_LEVELS.get(word);
  return level === undefined ? err(`"${word}" is none of ${[...LOG_LEVELS.keys()].join(', ')}`) : ok(level);
}
