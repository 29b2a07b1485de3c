/** What the peer has said of itself by SETTINGS (RFC 9113 section 6.5, RFC 8441). */

import type { HpackEncoder } from '../hpack/encoder.ts';
import { ERROR, readUint32, SETTING, WINDOW_BYTES_MAX } from './frames.ts';

/** A breach of the protocol: its code, and a sentence. */
export interface Breach {
  readonly code: number;
  readonly reason: string;
}

export class PeerSettings {
  /** Streams that it takes at a time. */
  streamsMax = Infinity;
  /** It takes extended CONNECT. */
  takesConnect = false;
  readonly #encoder: HpackEncoder;
  /** With which streams begin; -1 until it says so, or when it has been applied. */
  streamWindow = -1;
  /** SETTINGS have come. */
  known = false;

  /** The size of its table concerns the encoder alone. */
  constructor(encoder: HpackEncoder) {
    this.#encoder = encoder;
  }

  /** Reads the pairs in `buffer[start, end)`. A value out of its range is a breach; null when all is well. */
  read(buffer: Buffer, start: number, end: number): Breach | null {
    this.known = true;
    for (let at = start; at < end; at += 6) {
      const breach = this.#apply((buffer[at]! << 8) | buffer[at + 1]!, readUint32(buffer, at + 2));
      if (breach !== null) return breach;
    }
    return null;
  }

  #apply(id: number, value: number): Breach | null {
    switch (id) {
      case SETTING.headerTableSize:
        this.#encoder.setTableSizeMax(value);
        return null;
      case SETTING.enablePush:
        return value > 1 ? { code: ERROR.protocol, reason: 'ENABLE_PUSH is neither 0 nor 1' } : null;
      case SETTING.maxConcurrentStreams:
        this.streamsMax = value;
        return null;
      case SETTING.initialWindowSize:
        if (value > WINDOW_BYTES_MAX) return { code: ERROR.flowControl, reason: 'INITIAL_WINDOW_SIZE is too large' };
        this.streamWindow = value;
        return null;
      case SETTING.maxFrameSize:
        if (value >= 16_384 && value <= 16_777_215) return null;
        return { code: ERROR.protocol, reason: 'MAX_FRAME_SIZE is out of range' };
      case SETTING.enableConnectProtocol:
        if (value > 1) return { code: ERROR.protocol, reason: 'ENABLE_CONNECT_PROTOCOL is neither 0 nor 1' };
        this.takesConnect = value === 1;
        return null;
      default:
        return null;
    }
  }
}
