/**
 * PURE. Parts of transactions.
 */

import type { KeyValue } from '../../../protos/gen/etcd/kv.ts';
import {
  type Compare,
  Compare_CompareResult,
  Compare_CompareTarget,
  type RequestOp,
  type ResponseOp,
} from '../../../protos/gen/etcd/rpc.ts';
import type { KeyRange } from './keys.ts';

const NOTHING = Buffer.alloc(0);

/** Writes a key; it goes with the lease when there is one. */
export function put(key: Buffer, value: Buffer | string, lease = '0'): RequestOp {
  return { request: { $case: 'requestPut', value: { key, value: Buffer.from(value), lease } } };
}

/** Deletes a key, or all keys of a range. */
export function remove(range: Buffer | KeyRange): RequestOp {
  const value = Buffer.isBuffer(range) ? { key: range, rangeEnd: NOTHING } : range;
  return { request: { $case: 'requestDeleteRange', value } };
}

/** Reads a key. */
export function get(key: Buffer): RequestOp {
  const value = { key, rangeEnd: NOTHING, limit: 0, revision: 0, serializable: false };
  return { request: { $case: 'requestRange', value } };
}

/** Holds while the key came to be at this revision; 0: while it is not there. */
export function createdAt(key: Buffer, createRevision: number): Compare {
  return {
    result: Compare_CompareResult.EQUAL,
    target: Compare_CompareTarget.CREATE,
    key,
    targetUnion: { $case: 'createRevision', value: createRevision },
  };
}

/** Holds while the key was last written at this revision; 0: while it is not there. */
export function writtenAt(key: Buffer, modRevision: number): Compare {
  return {
    result: Compare_CompareResult.EQUAL,
    target: Compare_CompareTarget.MOD,
    key,
    targetUnion: { $case: 'modRevision', value: modRevision },
  };
}

/** What a `get` at this place of a transaction has read. */
export function keyRead(responses: readonly ResponseOp[], index: number): KeyValue | undefined {
  const response = responses[index]?.response;
  return response?.$case === 'responseRange' ? response.value.kvs[0] : undefined;
}
