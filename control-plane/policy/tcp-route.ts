/**
 * Gateway API TCPRoute (gateway.networking.k8s.io) with Services of protocol `tcp` as parents, the GAMMA shape.
 */
import type { TcpRouteRule } from '../state/routes.ts';
import type { ParsedResource } from './compose.ts';
import type { Cursor } from './cursor.ts';
import { parseBackend, parseRouteParts } from './route-parts.ts';

/** Parses one document. Mistakes are reported at the cursor; what has some is not to be used. */
export function parseTcpRoute(root: Cursor): ParsedResource {
  const parts = parseRouteParts(root, parseRule);
  if (parts.rules.length > 1)
    root
      .find('spec.rules[1]')
      .report('is never reached: nothing tells one connection from another, the first takes all');
  return { draft: { kind: 'tcproute', ...parts }, cursor: root };
}

function parseRule(cursor: Cursor): TcpRouteRule {
  const fields = cursor.object({ name: true, backendRefs: true });
  const refs = fields.get('backendRefs')?.list() ?? [];
  const backends = refs.flatMap(parseBackend);
  backends.forEach(({ filters }, i) => {
    if (filters.length > 0) refs[i]!.find('filters').report('is for requests: bytes have no headers, remove it');
  });
  if (refs.length === 0) cursor.report('has no backendRefs: name at least one Service');
  else if (backends.length > 0 && backends.every(({ weight }) => weight === 0))
    cursor.report('has no backend with a weight above 0: nobody could take a connection');
  return { backends };
}
