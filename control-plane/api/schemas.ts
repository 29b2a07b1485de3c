/**
 * JSON schemas of requests and answers: what is checked, and what /openapi.json shows. Answers are described loosely, so
 * that nothing is left out of them.
 */

import { DOCUMENT_KINDS } from '../state/queries.ts';

const text = { type: 'string' } as const;
const whole = { type: 'integer' } as const;
const open = { type: 'object', additionalProperties: true } as const;

/** The answer to everything that went wrong. */
export const errorSchema = {
  description: 'What went wrong, in the one shape that all errors have.',
  ...open,
  properties: {
    error: {
      ...open,
      properties: {
        code: text,
        message: text,
        details: { type: 'array', items: { ...open, properties: { path: text, message: text, suggestion: text } } },
      },
    },
  },
} as const;

const advice = { type: 'array', items: { ...open, properties: { path: text, message: text } } } as const;

/** The answer to a change of the desired state. */
export const appliedSchema = {
  description: 'The revision after it, and what happened to each thing.',
  ...open,
  properties: {
    revision: whole,
    changes: { type: 'array', items: { ...open, properties: { kind: text, name: text, action: text } } },
    warnings: { description: 'What asks for a second look.', ...advice },
    notes: { description: 'What the numbers come to.', ...advice },
  },
} as const;

/** One service as the registry sees it. */
export const serviceSchema = {
  ...open,
  properties: {
    name: text,
    replicas: { ...open, properties: { desired: whole, running: whole, ready: whole } },
    stopped: { type: 'boolean' },
    roll: { ...open, properties: { state: text, updated: whole, outdated: whole, why: text } },
    instances: { type: 'array', items: open },
  },
} as const;

/** A path parameter that is a name. */
export const namedBy = (...names: string[]) =>
  ({
    type: 'object',
    required: names,
    properties: Object.fromEntries(names.map((name) => [name, { type: 'string', minLength: 1, maxLength: 512 }])),
  }) as const;

/** The kinds that users write. */
export const kindParameter = { type: 'string', enum: DOCUMENT_KINDS } as const;

/** An answer without a fixed form. */
export const anySchema = { description: 'See the documentation of the kind.', ...open } as const;

/** A list of such. */
export const listSchema = { type: 'array', items: open } as const;
