/** Ids of sidecars that no driver has given one. */
import type { Random } from '../../kernel/random.ts';

/** One that nobody had before: the workload's name, and at most 14 random letters and digits. */
export function freshNodeId(workload: string, random: Random): string {
  return `${workload}-${random.uint32().toString(36)}${random.uint32().toString(36)}`;
}
