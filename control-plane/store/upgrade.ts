/**
 * Rows that an earlier control plane wrote lack the fields that came later: they get what these mean where nothing is said.
 */
import { DEFAULT_UPDATE, type State } from '../state/model.ts';

interface StoredRoute {
  readonly rules: readonly { readonly backends: readonly object[] }[];
}

const NO_RULE = { filters: [], backendTimeoutMs: null, retry: null, session: null };
const NO_BACKEND = { filters: [], subset: null };

/** One row's object, as it would be written today. */
export function upgraded(map: keyof State, stored: unknown): unknown {
  if (map === 'workloads') return { update: DEFAULT_UPDATE, ...(stored as object) };
  if (map !== 'routes' && map !== 'grpcRoutes') return stored;
  const route = stored as StoredRoute;
  const rules = route.rules.map((rule) => ({
    ...(map === 'routes' ? NO_RULE : {}),
    ...rule,
    backends: rule.backends.map((backend) => ({ ...NO_BACKEND, ...backend })),
  }));
  return { ...route, rules };
}
