/**
 * Bearer tokens: 256 random bits as text. Only their SHA-256 is kept, which is enough for a secret that nobody can guess,
 * and is of no use to who reads it.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** By this a leaked token is found in texts. */
const PREFIX = 'outrider_';
const TOKEN_BYTES = 32;

/** Longer texts are no tokens of ours: they are not even hashed. */
export const TOKEN_CHARS_MAX = 4096;

/** A token that was never there before. */
export function newToken(): string {
  return PREFIX + randomBytes(TOKEN_BYTES).toString('base64url');
}

/** What is kept of a token: 32 bytes. */
export function tokenDigest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** The same as hexadecimal digits. */
export function tokenDigestHex(token: string): string {
  return tokenDigest(token).toString('hex');
}

/** Whether two digests are the same; takes as long whether they are or not. */
export function sameDigest(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The token of an `Authorization` header (RFC 6750 section 2.1); null when there is none in it. */
export function bearerToken(header: string | undefined): string | null {
  if (header === undefined || header.length > TOKEN_CHARS_MAX) return null;
  return /^bearer +([\x21-\x7e]+) *$/i.exec(header)?.[1] ?? null;
}
