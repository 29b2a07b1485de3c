/** Secrets name files: what is in them becomes part of the secret, so that another content makes it another secret. */
import type { DataSource } from '../../../protos/gen/envoy/config/core/v3/base.ts';
import type { Secret } from '../../../protos/gen/envoy/extensions/transport_sockets/tls/v3/secret.ts';
import { type AnyMessage, packAny, unpackAny } from '../../../protos/json/registry.ts';
import type { DecodeSources } from '../../config/decode/decoding.ts';

const SECRET = 'envoy.extensions.transport_sockets.tls.v3.Secret';

/** A secret with the contents of its files, and their paths. A file that cannot be read stays a name: its decoder says why. */
export interface InlinedSecret {
  readonly any: AnyMessage;
  readonly paths: readonly string[];
}

/** Puts the files of a secret into it; what is no secret is left alone. Throws on malformed bytes. */
export function inlineFiles(any: AnyMessage, readFile: DecodeSources['readFile']): InlinedSecret {
  const secret = unpackAny(SECRET, any);
  if (secret === undefined) return { any, paths: [] };
  const paths: string[] = [];
  for (const source of dataSourcesOf(secret)) {
    if (source?.specifier?.$case !== 'filename') continue;
    const path = source.specifier.value;
    paths.push(path);
    const read = readFile(path);
    if (read.ok) source.specifier = { $case: 'inlineString', value: read.text };
  }
  return { any: packAny(SECRET, secret), paths };
}

function dataSourcesOf({ type }: Secret): (DataSource | undefined)[] {
  switch (type?.$case) {
    case 'tlsCertificate':
      return [type.value.certificateChain, type.value.privateKey];
    case 'validationContext':
      return [type.value.trustedCa, type.value.crl];
    default:
      return [];
  }
}
