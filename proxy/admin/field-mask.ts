/** google.protobuf.FieldMask over JSON: keeps the named fields and drops the rest. Lists are masked entry by entry. */
import type { Json } from '../../protos/json/write-json.ts';

/** `paths` such as `cluster.name`; empty keeps everything. `@type` always stays, so that the reader knows what it sees. */
export function applyFieldMask(value: Json, paths: readonly string[]): Json {
  return paths.length === 0
    ? value
    : masked(
        value,
        paths.map((path) => path.split('.')),
      );
}

function masked(value: Json, paths: readonly (readonly string[])[]): Json {
  if (paths.some((path) => path.length === 0)) return value;
  if (Array.isArray(value)) return value.map((each) => masked(each, paths));
  if (value === null || typeof value !== 'object') return value;
  const kept: { [key: string]: Json } = {};
  for (const [key, each] of Object.entries(value)) {
    const below = paths.filter((path) => path[0] === key).map((path) => path.slice(1));
    if (key === '@type') kept[key] = each;
    else if (below.length > 0) kept[key] = masked(each, below);
  }
  return kept;
}
