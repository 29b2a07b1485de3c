/**
 * What all requests have in common that change the desired state.
 */
import type { FastifyRequest } from 'fastify';
import type { Applied } from '../state/apply.ts';
import type { Command } from '../state/command.ts';
import { differences } from '../state/differences.ts';
import { authorshipOf } from './authorship.ts';
import type { ApiContext } from './context.ts';
import { rejectionError } from './errors.ts';

/** `1` and `true` are yes. */
export const flagSchema = (description: string) =>
  ({ type: 'string', enum: ['0', '1', 'true', 'false'], description }) as const;

/** To insist on deleting more than half of a kind. */
export const forceSchema = flagSchema('Also if more than half of a kind goes.');

/** Whether a flag of the query is set. */
export function isSet(flag: string | undefined): boolean {
  return flag === '1' || flag === 'true';
}

/** Does what is asked for in the name of who asks. Throws ApiError when it is not granted. */
export async function submit(
  command: Command,
  request: Pick<FastifyRequest, 'headers' | 'principal'>,
  { ledger }: Pick<ApiContext, 'ledger'>,
): Promise<Applied> {
  const result = await ledger.submit(command, authorshipOf(request));
  if (!result.ok) throw rejectionError(result.error);
  return result.value;
}

/** What it would do, with the texts that would change. Throws ApiError when it would not be granted. */
export function preview(command: Command, { ledger }: Pick<ApiContext, 'ledger'>) {
  const before = ledger.state;
  const result = ledger.preview(command);
  if (!result.ok) throw rejectionError(result.error);
  return { ...result.value, differences: differences(before, result.value.state) };
}
