/**
 * For tests: texts into resources or problems, as if they stood in `/mesh/compose.yaml`.
 */
import { EMPTY_STATE, type State, type Workload } from '../state/model.ts';
import { parsePolicy } from './parse.ts';
import type { Problem } from './problem.ts';

/** How the document of an HTTPRoute begins. */
export const ROUTE_HEAD = 'apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: cart}\n';
/** Two services, of which the second has another name as well. */
export const SERVICES =
  'services:\n  cart: {command: x, expose: [80]}\n  cart-v2: {command: x, x-outrider: {service: group}}\n---\n';

const FILES: Readonly<Record<string, string>> = {
  '/mesh/common.env': '# comment\nexport A="1"\nB=2\n',
  '/mesh/bad.env': 'oops\n',
};

/** When the texts are read. */
export const NOW_MS = Date.UTC(2026, 0, 1);

/** The resources, or the problems. */
export function parse(text: string, state: State = EMPTY_STATE, origin = '/mesh/compose.yaml', nowMs = NOW_MS) {
  const readFile = (path: string) => FILES[path] ?? null;
  return parsePolicy({ text, file: 'compose.yaml', dir: '/mesh', origin, readFile, state, nowMs });
}

/** The service `cart` with these fields. */
export function workloadOf(fields: string): Workload {
  const result = parse(`services:\n  cart:\n    command: node cart.js\n${fields.replace(/^/gm, '    ')}\n`);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value[0] as Workload;
}

/** What is wrong with it. */
export function problemsOf(text: string, state?: State): readonly Problem[] {
  const result = parse(text, state);
  return result.ok ? [] : result.error;
}

/** Problems as compilers print them. */
export function lines(text: string, state?: State): string[] {
  return problemsOf(text, state).map(({ line, column, path, message, suggestion }) => {
    return `${line}:${column} ${path}: ${message}${suggestion === undefined ? '' : ` (${suggestion})`}`;
  });
}
