/**
 * Output formats: the same answer for people (table) and for programs (json, yaml).
 */
import { Option } from 'commander';
import { stringify } from 'yaml';

/** What `-o` takes. */
export const FORMATS = ['table', 'json', 'yaml'] as const;

/** One of FORMATS. */
export type Format = (typeof FORMATS)[number];

/** The value in a format, ending in a line feed. `asTable` is called for the table only. */
export function render<T>(format: Format, value: T, asTable: (value: T) => string): string {
  switch (format) {
    case 'table':
      return asTable(value);
    case 'json':
      return `${JSON.stringify(value, null, 2)}\n`;
    case 'yaml':
      return stringify(value);
    default:
      return format satisfies never;
  }
}

/** The `-o, --output` option, as every command that prints an answer has it. */
export function outputOption(): Option {
  return new Option('-o, --output <format>', 'how to print the answer').choices([...FORMATS]).default('table');
}
