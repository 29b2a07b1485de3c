/**
 * How the address of an endpoint travels to a client and back, as in Envoy: base64 of the address, in a cookie of the
 * message `{ string address = 1; uint64 expires = 2; }`, so that a client cannot stretch the life of its session.
 */

const ADDRESS_TAG = 0x0a;
const EXPIRES_TAG = 0x10;

/** The value of a header. */
export function encodeAddress(address: string): string {
  return Buffer.from(address, 'latin1').toString('base64');
}

/** The address in a header's value. */
export function decodeAddress(value: string): string {
  return Buffer.from(value, 'base64').toString('latin1');
}

/** The value of a cookie; `expiresSeconds` since 1970, 0 for never. */
export function encodeSession(address: string, expiresSeconds: number): string {
  const bytes = [ADDRESS_TAG, address.length, ...Buffer.from(address, 'latin1')];
  if (expiresSeconds > 0) {
    bytes.push(EXPIRES_TAG);
    let left = expiresSeconds;
    for (; left >= 0x80; left = Math.floor(left / 0x80)) bytes.push((left % 0x80) | 0x80);
    bytes.push(left);
  }
  return Buffer.from(bytes).toString('base64');
}

/** The address in a cookie's value, which may be nothing but that; null when it has expired, or cannot be read. */
export function decodeSession(value: string, nowSeconds: number): string | null {
  const bytes = Buffer.from(value, 'base64');
  if (bytes[0] !== ADDRESS_TAG) return bytes.toString('latin1');
  const end = 2 + (bytes[1] ?? 0);
  if (end > bytes.length) return null;
  const address = bytes.toString('latin1', 2, end);
  if (end === bytes.length) return address;
  if (bytes[end] !== EXPIRES_TAG) return null;
  let expires = 0;
  let factor = 1;
  for (const byte of bytes.subarray(end + 1)) {
    expires += (byte % 0x80) * factor;
    factor *= 0x80;
  }
  return expires < nowSeconds ? null : address;
}
