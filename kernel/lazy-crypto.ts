/**
 * node:crypto, loaded when it is first needed: 3 MB and 15 ms of a start, which a sidecar without certificates never
 * needs.
 */
export function nodeCrypto(): typeof import('node:crypto') {
  return process.getBuiltinModule('node:crypto');
}
