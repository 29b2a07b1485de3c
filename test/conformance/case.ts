/** The cases as data: what is sent, with its macros, and what has to be seen. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What may become of a message. `wait`: nothing happens until more comes. */
export type Kind = 'reject' | 'forward' | 'normalise' | 'abort' | 'wait';

/** Regular expressions are matched without regard to case, `^` at every line. */
export interface Expectation {
  readonly kind: Kind;
  /** Other kinds that are as good. */
  readonly alt?: readonly Kind[];
  readonly status: readonly number[];
  /** Statuses when one of `alt` is taken. */
  readonly altStatus?: readonly number[];
  /** The client's connection ends; `closeAlways` whatever the kind. */
  readonly close?: boolean;
  readonly closeAlways?: boolean;
  /** Complete requests that the endpoint sees. */
  readonly upstream?: number;
  readonly upstreamAlt?: readonly number[];
  /** The content of the first request (or, in response cases, of the answer). */
  readonly body?: string;
  /** What must be in all that the other side saw, if it saw a message; and what never may be. */
  readonly must?: readonly string[];
  readonly mustNot?: readonly string[];
  /** The same for the head of the first message. */
  readonly mustHead?: readonly string[];
  readonly mustNotHead?: readonly string[];
  /** How many final answers come. */
  readonly statuses?: number;
  readonly no1xx?: boolean;
  readonly notChunkedResponse?: boolean;
}

export interface Case {
  readonly id: string;
  readonly title: string;
  /** Latin1 text with macros `{{rep:TEXT:COUNT}}`, `{{pause:MS}}`, `{{fin}}` and `{{rst}}`. */
  readonly raw: string;
  /** In response cases, what the client asks; a plain GET when it is left out. */
  readonly request?: string;
  readonly expect: Expectation;
}

/** One step of sending a case. */
export type Step =
  | { readonly kind: 'bytes'; readonly text: string }
  | { readonly kind: 'pause'; readonly ms: number }
  | { readonly kind: 'fin' }
  | { readonly kind: 'reset' };

/** The cases of a file in this folder. */
export function readCases(file: string): readonly Case[] {
  return JSON.parse(readFileSync(join(import.meta.dirname, file), 'utf8')) as Case[];
}

/** What has to be sent, macros carried out. */
export function stepsOf(raw: string): readonly Step[] {
  const text = raw.replace(/\{\{rep:([\s\S]*?):(\d+)\}\}/g, (_, part: string, count: string) =>
    part.repeat(Number(count)),
  );
  return text
    .split(/(\{\{pause:\d+\}\}|\{\{fin\}\}|\{\{rst\}\})/)
    .filter((part) => part !== '')
    .map((part): Step => {
      if (part === '{{fin}}') return { kind: 'fin' };
      if (part === '{{rst}}') return { kind: 'reset' };
      const pause = /^\{\{pause:(\d+)\}\}$/.exec(part);
      return pause === null ? { kind: 'bytes', text: part } : { kind: 'pause', ms: Number(pause[1]) };
    });
}
