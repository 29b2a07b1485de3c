/** Of xDS responses only what a simulated client needs: all else is passed over. */
import { BinaryReader } from '@bufbuild/protobuf/wire';

/** Fields of a DiscoveryResponse or a DeltaDiscoveryResponse. */
export interface ResponseFields {
  version: string;
  typeUrl: string;
  nonce: string;
  /** Delta: version by name. State of the world: empty, however many there are. */
  readonly versions: Map<string, string>;
  resources: number;
}

/** Reads them. */
export function readResponse(bytes: Uint8Array, delta: boolean): ResponseFields {
  const reader = new BinaryReader(bytes);
  const fields: ResponseFields = { version: '', typeUrl: '', nonce: '', versions: new Map(), resources: 0 };
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const field = tag >>> 3;
    if (field === 1) fields.version = reader.string();
    else if (field === 4) fields.typeUrl = reader.string();
    else if (field === 5) fields.nonce = reader.string();
    else if (field === 2) {
      fields.resources++;
      if (delta) readResource(reader, fields.versions);
      else reader.skip(2, field);
    } else reader.skip(tag & 7, field);
  }
  return fields;
}

function readResource(reader: BinaryReader, versions: Map<string, string>): void {
  const end = reader.uint32() + reader.pos;
  let name = '';
  let version = '';
  while (reader.pos < end) {
    const tag = reader.uint32();
    const field = tag >>> 3;
    if (field === 3) name = reader.string();
    else if (field === 1) version = reader.string();
    else reader.skip(tag & 7, field);
  }
  versions.set(name, version);
}
