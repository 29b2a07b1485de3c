/** envoy.config.core.v3.ConfigSource: where something comes from that is not written in place. */
import type { ConfigSource, PathConfigSource } from '../../../protos/gen/envoy/config/core/v3/config_source.ts';
import type { Path } from '../../../protos/json/issue.ts';
import type { FileSource } from '../model/file-source.ts';
import type { Decoding } from './decoding.ts';
import { durationMs } from './values.ts';

/** How long a source is waited for where it does not say so itself: Envoy's default. */
export const INITIAL_FETCH_TIMEOUT_MS = 15_000;

/** How long the first answer of that source is waited for, milliseconds; 0 has no end. */
export function fetchTimeoutOf(source: ConfigSource | undefined): number {
  return durationMs(source?.initialFetchTimeout, INITIAL_FETCH_TIMEOUT_MS);
}

/** Everything but secrets comes from one stream, which is null, or out of files: what asks for another source is refused. */
export function decodeSource(source: ConfigSource | undefined, path: Path, decoding: Decoding): FileSource | null {
  const specifier = source?.configSourceSpecifier;
  if (specifier?.$case === 'pathConfigSource') return fileOf(specifier.value);
  const other = specifier !== undefined && specifier.$case !== 'ads' && OTHER_SOURCES[specifier.$case];
  if (other) decoding.report([...path, other], `${other} is for secrets alone here; use ads: {} and one ads_config`);
  return null;
}

/** envoy.config.core.v3.PathConfigSource. */
export function fileOf({ path, watchedDirectory }: PathConfigSource): FileSource {
  return { path, watchedDirectory: watchedDirectory?.path || null };
}

const OTHER_SOURCES = { apiConfigSource: 'api_config_source', self: 'self' };
