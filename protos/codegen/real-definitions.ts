/**
 * The real xDS definitions, as they ship inside `@grpc/grpc-js-xds`, parsed with protobufjs.
 *
 * They are a development dependency: the generator takes from them the names of the fields that we leave out and the
 * constraints on those that we keep, and a test compares our subset with them field by field.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import protobuf from 'protobufjs';

const require = createRequire(import.meta.url);

/** Parts that import packages which are not shipped; nothing of our subset refers to them. */
const NOT_SHIPPED = /opencensus|opentelemetry|open_telemetry|service\/trace/;

/**
 * Parses the real files of these paths and what they import. Types stay unresolved until they are looked up, because
 * some imports of unrelated parts are not shipped.
 */
export function readRealDefinitions(paths: readonly string[]): protobuf.Root {
  const deps = join(dirname(require.resolve('@grpc/grpc-js-xds/package.json')), 'deps');
  const folders = ['envoy-api', 'xds', 'googleapis', 'protoc-gen-validate'].map((name) => join(deps, name));
  folders.push(dirname(require.resolve('protobufjs/package.json')));
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => {
    if (NOT_SHIPPED.test(target)) return null;
    const found = folders.map((folder) => join(folder, target)).find((path) => existsSync(path));
    return found ?? (target.startsWith('google/protobuf/') ? target : null);
  };
  root.resolveAll = () => root;
  return root.loadSync([...paths], { keepCase: true });
}

/** The real message of this full name, or undefined. */
export function findRealMessage(root: protobuf.Root, fullName: string): protobuf.Type | undefined {
  try {
    return root.lookupType(fullName);
  } catch {
    return undefined;
  }
}
