import type { Exchange } from '../exchange.ts';
import { HeaderName } from '../header-name.ts';

/** The cluster that the route of a request leads to, by name; empty when there is none. COLD. */
export function chosenClusterName({ route, weighted, head }: Exchange): string {
  const action = route?.config.action;
  if (action?.kind !== 'forward') return '';
  const { cluster } = action;
  switch (cluster.kind) {
    case 'cluster':
      return cluster.name;
    case 'weighted':
      return weighted?.name ?? '';
    case 'header':
      return head.first(new HeaderName(cluster.header)) ?? '';
  }
}
