/** Names of real Envoy fields that the subset leaves out, so that errors can say more than "unknown". */
import { LEFT_OUT_FIELDS } from '../gen/field-names.ts';
import { camelCase } from './schema.ts';

/** A real field that we do not carry. */
export interface LeftOutField {
  readonly name: string;
  /** Envoy itself advises against it. */
  readonly deprecated: boolean;
}

/** The real field with this number, or undefined when the real message has none either. */
export function leftOutByNumber(messageName: string, number: number): LeftOutField | undefined {
  const cell = LEFT_OUT_FIELDS[messageName]?.[number];
  return cell === undefined ? undefined : fieldOf(cell);
}

/** The real field with this snake_case or camelCase name, or undefined. */
export function leftOutByName(messageName: string, name: string): LeftOutField | undefined {
  for (const cell of Object.values(LEFT_OUT_FIELDS[messageName] ?? {})) {
    const field = fieldOf(cell);
    if (field.name === name || camelCase(field.name) === name) return field;
  }
  return undefined;
}

/** The sentence for a field that Envoy has and we do not. */
export function notSupported(messageName: string, field: LeftOutField): string {
  const shortName = messageName.slice(messageName.lastIndexOf('.') + 1);
  const status = field.deprecated ? 'is deprecated in Envoy and' : 'is known to Envoy but';
  return `${field.name} of ${shortName} ${status} not supported by Outrider`;
}

function fieldOf(cell: string): LeftOutField {
  return cell.startsWith('!') ? { name: cell.slice(1), deprecated: true } : { name: cell, deprecated: false };
}
