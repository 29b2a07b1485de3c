/** Numbers of HTTP/2 frames, flags, settings and errors (RFC 9113 sections 4.1, 6, 6.5.2 and 7). */

export const FRAME_HEADER_BYTES = 9;

/** What a client sends first (RFC 9113 section 3.4). */
export const PREFACE: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const FLAG_END_STREAM = 1;
export const FLAG_ACK = 1;
export const FLAG_END_HEADERS = 4;
export const FLAG_PADDED = 8;
export const FLAG_PRIORITY = 32;

export const SETTING = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
  /** RFC 8441 section 3. */
  enableConnectProtocol: 8,
} as const;

export const ERROR = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  settingsTimeout: 4,
  streamClosed: 5,
  frameSize: 6,
  refusedStream: 7,
  cancel: 8,
  compression: 9,
  connect: 10,
  enhanceYourCalm: 11,
  inadequateSecurity: 12,
  http11Required: 13,
} as const;

/** Flow control begins with it on both levels, and no window may grow beyond the other (RFC 9113 section 6.9). */
export const DEFAULT_WINDOW_BYTES = 65_535;
export const WINDOW_BYTES_MAX = 0x7fffffff;

/** A 32-bit number in network byte order. */
export function readUint32(buffer: Buffer, at: number): number {
  return ((buffer[at]! << 24) | (buffer[at + 1]! << 16) | (buffer[at + 2]! << 8) | buffer[at + 3]!) >>> 0;
}

/** A 31-bit number behind a reserved bit: stream numbers and window increments. */
export function readUint31(buffer: Buffer, at: number): number {
  return ((buffer[at]! & 0x7f) << 24) | (buffer[at + 1]! << 16) | (buffer[at + 2]! << 8) | buffer[at + 3]!;
}
