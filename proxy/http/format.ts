/**
 * Substitution formats (`%COMMAND(args):length%`, envoyproxy.io "Access logging"): compiled once, evaluated per exchange.
 * A command without a value gives null, which callers render as `-` (logs) or as nothing (headers).
 */
import type { FormatPart } from '../config/model/header-edits.ts';
import type { HeaderValues } from './exchange-record.ts';
import { COMMANDS, type Evaluate, PARAMETERISED } from './format-commands.ts';
import type { Loggable } from './loggable.ts';

/** Commands this proxy knows; the decoder refuses any other, so that nothing is silently empty. */
export const FORMAT_COMMANDS: ReadonlySet<string> = new Set([...Object.keys(COMMANDS), ...Object.keys(PARAMETERISED)]);

/** A text made of literal and computed parts. */
export class Format {
  readonly #parts: readonly Evaluate[];
  /** The whole text when nothing is computed. */
  readonly literal: string | null;

  constructor(parts: readonly FormatPart[]) {
    this.literal = parts.every((part) => part.kind === 'text') ? parts.map((part) => part.text).join('') : null;
    this.#parts = parts.map(compilePart);
  }

  /**
   * The text for this exchange; null when a single command stands alone and has no value. `absent` stands for commands
   * without a value between others.
   */
  evaluate(exchange: Loggable, response: HeaderValues | null, absent = ''): string | null {
    const value = this.value(exchange, response, absent);
    return typeof value === 'number' ? String(value) : value;
  }

  /** The same, where a single command that counts something gives a number. */
  value(exchange: Loggable, response: HeaderValues | null, absent: string): string | number | null {
    if (this.literal !== null) return this.literal;
    if (this.#parts.length === 1) return this.#parts[0]!(exchange, response);
    let text = '';
    for (const part of this.#parts) text += part(exchange, response) ?? absent;
    return text;
  }
}

function compilePart(part: FormatPart): Evaluate {
  if (part.kind === 'text') return () => part.text;
  const evaluate = COMMANDS[part.command] ?? PARAMETERISED[part.command]!(part.args);
  const { maxLength } = part;
  if (maxLength === null) return evaluate;
  return (exchange, response) => {
    const value = evaluate(exchange, response);
    return value === null ? null : String(value).slice(0, maxLength);
  };
}
