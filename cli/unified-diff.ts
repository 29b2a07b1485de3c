/**
 * What would change, as `diff -u` prints it: one part per resource, in the YAML that users write.
 */
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';
import { stringify } from 'yaml';
import type { Change, Difference } from './api-types.ts';

/** The whole text; empty when nothing differs. `labels` stand behind the names of the old and the new side. */
export function unifiedDiff(differences: readonly Difference[], labels: readonly [string, string]): string {
  return differences.map((each) => patch(each, labels)).join('');
}

/** What changes without a change of the text: it comes from another file now, or a fault begins again. */
export function textlessChanges(changes: readonly Change[], differences: readonly Difference[]): readonly Change[] {
  const shown = new Set(differences.map(({ kind, name }) => `${kind}/${name}`));
  return changes.filter(({ kind, name, action }) => {
    const resource = kind === 'config' ? name.slice(0, name.indexOf('/')) : name;
    return action !== 'unchanged' && !shown.has(`${kind}/${resource}`);
  });
}

function patch({ kind, name, before, after }: Difference, [old, fresh]: readonly [string, string]): string {
  const [from, to] = [
    before === null ? '/dev/null' : `${kind}/${name}`,
    after === null ? '/dev/null' : `${kind}/${name}`,
  ];
  const texts = [written(kind, name, before), written(kind, name, after)] as const;
  const options = { context: 3, headerOptions: FILE_HEADERS_ONLY };
  return createTwoFilesPatch(from, to, ...texts, old, fresh, options);
}

/** The document as it stands in a file. */
function written(kind: string, name: string, value: unknown): string {
  if (value === null) return '';
  return stringify(kind === 'workload' ? { services: { [name]: value } } : value, {
    lineWidth: 0,
    aliasDuplicateObjects: false,
  });
}
