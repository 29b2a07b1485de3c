/** What outlives the pickers of a cluster, each of which is replaced by the next. */
import { TableCache } from './hashing/table-cache.ts';

export class PickerMemory {
  readonly tables = new TableCache();
  /** The subsets that have endpoints, by their labels. */
  subsets: ReadonlySet<string> = new Set();
}
