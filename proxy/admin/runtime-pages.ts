/** `/runtime` and `/runtime_modify`: values that override fractions in the configuration. */
import { type AdminEndpoint, ALWAYS, jsonReply, textReply } from './admin-endpoint.ts';
import type { AdminViews } from './views.ts';

/** The endpoints over the runtime values. The layers are merged when they are read: one is shown. */
export function runtimeEndpoints(views: Pick<AdminViews, 'runtime' | 'runtimeMayChange'>): AdminEndpoint[] {
  const { runtime } = views;
  return [
    {
      path: '/runtime',
      help: 'print runtime values',
      handle: () => {
        const entries = runtime.entries().map(([key, value]) => [key, { layer_values: [value], final_value: value }]);
        return jsonReply({ layers: ['merged'], entries: Object.fromEntries(entries) });
      },
    },
    {
      path: '/runtime_modify',
      help: 'add or modify runtime values as passed in query parameters; an empty value removes the key',
      parameters: ['KEY=VALUE', '...'],
      changes: ALWAYS,
      handle: ({ query }) => {
        if (!views.runtimeMayChange) {
          return textReply('No admin layer specified: add one to layered_runtime in the bootstrap\n', 503);
        }
        if (query.size === 0) return textReply('no values given: use ?key=value\n', 400);
        for (const [key, value] of query) runtime.set(key, value);
        return textReply('OK\n');
      },
    },
  ];
}
