/** The name of an instance in DNS. PURE. */
import { ContentHash } from '../../kernel/content-hash.ts';
import { labelProblem } from '../../protos/contract/names.ts';
import type { Instance } from './instance.ts';

/** One label; an id that is none gets one that is made of it. */
export function instanceLabel({ identity: { id } }: Instance): string {
  const lower = id.toLowerCase();
  return labelProblem('instance', lower) === undefined ? lower : `i-${new ContentHash().update(id).digest()}`;
}
