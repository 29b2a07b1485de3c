/**
 * Warnings and notes beside the answer to a change that was granted.
 */
import { adviceOn } from '../state/advice.ts';
import type { Change } from '../state/change.ts';
import type { State } from '../state/model.ts';
import type { ResourceProblem } from '../state/problem.ts';
import type { ApiContext } from './context.ts';

/** Each as `{path, message}`, where the path begins with kind and name; both lists may be empty. */
export function adviceView(state: State, changes: readonly Change[], { clock }: Pick<ApiContext, 'clock'>) {
  const touched = changes.filter(({ action }) => action !== 'deleted');
  const { warnings, notes } = adviceOn(state, touched, clock.wallMs());
  return { warnings: warnings.map(detail), notes: notes.map(detail) };
}

function detail({ resource, path, message }: ResourceProblem) {
  return { path: `${resource.kind}/${resource.name}.${path}`, message };
}
