/** JSON Patch (RFC 6902) as far as injection writes it, for tests. */
import type { PatchOperation } from './inject.ts';

type Tree = Record<string, unknown> | unknown[];

/** A patched copy. Throws where the API server would. */
export function patched<T>(value: T, patch: readonly PatchOperation[]): T {
  const copy = structuredClone(value);
  for (const operation of patch) apply(copy as Tree, operation);
  return copy;
}

function apply(root: Tree, operation: PatchOperation): void {
  const names = operation.path
    .split('/')
    .slice(1)
    .map((each) => each.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = names.pop()!;
  const parent = names.reduce((tree, name) => member(tree, name) as Tree, root);
  if (typeof parent !== 'object' || parent === null) throw new Error(`${operation.path}: nothing is there`);
  if (operation.op !== 'add' && member(parent, last) === undefined) throw new Error(`${operation.path} is not there`);
  if (operation.op === 'remove') {
    if (Array.isArray(parent)) parent.splice(Number(last), 1);
    else delete parent[last];
  } else if (!Array.isArray(parent)) parent[last] = structuredClone(operation.value);
  else if (operation.op === 'replace') parent[Number(last)] = structuredClone(operation.value);
  else if (Number(last) > parent.length) throw new Error(`${operation.path} is behind the end`);
  else parent.splice(Number(last), 0, structuredClone(operation.value));
}

function member(tree: Tree, name: string): unknown {
  return Array.isArray(tree) ? tree[Number(name)] : tree[name];
}
