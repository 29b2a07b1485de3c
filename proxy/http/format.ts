/**
 * Substitution formats (`%COMMAND(args):length%`, envoyproxy.io "Access logging"): compiled once, evaluated per exchange.
 * A command without a value gives null, which callers render as `-` (logs) or as an absent header.
 */
import type { FormatPart } from '../config/model.ts';
import type { Exchange } from './exchange.ts';
import { HeaderName } from './header-name.ts';
import { wireHeader, wireMethod, wirePath } from './wire-fields.ts';

/** Evaluates one part. */
type Evaluate = (exchange: Exchange) => string | null;

/** Commands this proxy knows; the decoder refuses any other, so that nothing is silently empty. */
export const FORMAT_COMMANDS: ReadonlySet<string> = new Set([
  'REQ',
  'PROTOCOL',
  'RESPONSE_CODE',
  'RESPONSE_FLAGS',
  'RESPONSE_CODE_DETAILS',
  'DOWNSTREAM_REMOTE_ADDRESS',
  'DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT',
  'UPSTREAM_CLUSTER',
  'ROUTE_NAME',
  'DURATION',
  'START_TIME',
]);

/** A text made of literal and computed parts. */
export class Format {
  readonly #parts: readonly Evaluate[];
  /** The whole text when nothing is computed. */
  readonly literal: string | null;

  constructor(parts: readonly FormatPart[]) {
    this.literal = parts.every((part) => part.kind === 'text') ? parts.map((part) => part.text).join('') : null;
    this.#parts = parts.map(compilePart);
  }

  /** The text for this exchange; null when a single command stands alone and has no value. */
  evaluate(exchange: Exchange): string | null {
    if (this.literal !== null) return this.literal;
    if (this.#parts.length === 1) return this.#parts[0]!(exchange);
    let text = '';
    for (const part of this.#parts) text += part(exchange) ?? '';
    return text;
  }
}

function compilePart(part: FormatPart): Evaluate {
  if (part.kind === 'text') return () => part.text;
  const evaluate = compileCommand(part.command, part.args);
  const { maxLength } = part;
  if (maxLength === null) return evaluate;
  return (exchange) => evaluate(exchange)?.slice(0, maxLength) ?? null;
}

function compileCommand(command: string, args: readonly string[]): Evaluate {
  switch (command) {
    case 'REQ':
      return requestHeader(args);
    case 'PROTOCOL':
      return () => 'HTTP/1.1';
    case 'RESPONSE_CODE':
      return (exchange) => String(exchange.status);
    case 'RESPONSE_FLAGS':
      return (exchange) => exchange.failure?.flag ?? null;
    case 'RESPONSE_CODE_DETAILS':
      return (exchange) => exchange.failure?.details ?? 'via_upstream';
    case 'DOWNSTREAM_REMOTE_ADDRESS':
      return (exchange) => `${exchange.downstream.remoteAddress}:${exchange.downstream.remotePort}`;
    case 'DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT':
      return (exchange) => exchange.downstream.remoteAddress;
    case 'UPSTREAM_CLUSTER':
      return (exchange) => exchange.clusterName;
    case 'ROUTE_NAME':
      return (exchange) => exchange.route?.config.name || null;
    case 'DURATION':
      return (exchange) => String(Math.round(exchange.manager.nowMs() - exchange.startedMs));
    case 'START_TIME':
      return (exchange) => exchange.manager.wallTimeOf(exchange.startedMs).toISOString();
    default:
      return () => null;
  }
}

function requestHeader(args: readonly string[]): Evaluate {
  const names = args.map((name) => new HeaderName(name));
  return (exchange) => {
    for (const name of names) {
      const value = requestValue(exchange, name);
      if (value !== null) return value;
    }
    return null;
  };
}

/** The head is used up once it was forwarded; what went out still tells. */
function requestValue({ head, wire }: Exchange, name: HeaderName): string | null {
  const sent = wire !== '';
  switch (name.name) {
    case ':method':
      return sent ? wireMethod(wire) : head.method;
    case ':path':
      return sent ? wirePath(wire) : head.path;
    case ':authority':
      return sent ? wireHeader(wire, 'host') : head.authority;
    case ':scheme':
      return 'http';
    default:
      return sent ? wireHeader(wire, name.name) : head.first(name);
  }
}
