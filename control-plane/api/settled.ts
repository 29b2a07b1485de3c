/**
 * What becomes of a change at those whom it concerns.
 */
import type { ClientStatus } from '../xds/client-status.ts';
import type { ApiContext } from './context.ts';
import { ApiError, type ErrorDetail } from './errors.ts';

/**
 * Resolves when every client has taken in what there is for it, with a warning for each registered instance that has no
 * stream: some never have one. Throws an ApiError that names who refused and why, and who has not answered in time;
 * `applied` stands beside it.
 */
export async function settled(
  seconds: number,
  applied: Readonly<Record<string, unknown>>,
  { settle, registry, ads }: Pick<ApiContext, 'settle' | 'registry' | 'ads'>,
): Promise<readonly ErrorDetail[]> {
  const { refused, pending } = await settle(seconds * 1000);
  const streams = new Set(ads.clients().map(({ nodeId }) => nodeId));
  const away = registry
    .view()
    .instances.filter(({ identity, renewal }) => renewal === null && !streams.has(identity.id));
  const warnings = away.map(({ identity }) => ({
    path: identity.id,
    message: 'has no xDS stream open: it gets the change when it has',
  }));
  const late: ErrorDetail[] = pending.map((client) => ({
    path: client.nodeId,
    message: `has not answered within ${seconds} s: ${unanswered(client)}`,
  }));
  if (refused.length === 0 && late.length === 0) return warnings;
  const parts = [
    ...(refused.length === 0 ? [] : [`${clients(refused.length)} refused it`]),
    ...(late.length === 0 ? [] : [`${clients(late.length)} ${late.length === 1 ? 'has' : 'have'} not answered`]),
  ];
  throw new ApiError(
    'refused',
    `the change is stored, but ${parts.join(' and ')}`,
    [...refused.flatMap(refusals), ...late],
    applied,
  );
}

function refusals({ nodeId, kinds }: ClientStatus): ErrorDetail[] {
  return [...kinds].flatMap(([kind, { nacked }]) =>
    nacked === null ? [] : [{ path: `${nodeId}/${kind}`, message: nacked.message }],
  );
}

/** The kinds that it was sent and has said nothing of. */
function unanswered({ kinds }: ClientStatus): string {
  const names = [...kinds].filter(([, { sent, acked, nacked }]) => sent !== acked && nacked?.version !== sent);
  return names.map(([kind]) => kind).join(', ');
}

function clients(count: number): string {
  return count === 1 ? '1 client' : `${count} clients`;
}
