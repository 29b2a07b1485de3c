/** What is wrong with a frame by its header alone: its stream and its length (RFC 9113 section 6). HOT for HEADERS. */
import { ERROR, FLAG_ACK, FRAME } from './frames.ts';
import type { Breach } from './peer-settings.ts';

const NO_STREAM: Breach = { code: ERROR.protocol, reason: 'a frame that concerns a stream has none' };
const A_STREAM: Breach = { code: ERROR.protocol, reason: 'a frame that concerns the connection is on a stream' };
const PUSH: Breach = { code: ERROR.protocol, reason: 'PUSH_PROMISE was not asked for' };
const LENGTH: Readonly<Record<number, Breach>> = {
  [FRAME.priority]: { code: ERROR.frameSize, reason: 'PRIORITY is not 5 bytes long' },
  [FRAME.rstStream]: { code: ERROR.frameSize, reason: 'RST_STREAM is not 4 bytes long' },
  [FRAME.settings]: { code: ERROR.frameSize, reason: 'SETTINGS has a length that it cannot have' },
  [FRAME.ping]: { code: ERROR.frameSize, reason: 'PING is not 8 bytes long' },
  [FRAME.goaway]: { code: ERROR.frameSize, reason: 'GOAWAY is shorter than 8 bytes' },
  [FRAME.windowUpdate]: { code: ERROR.frameSize, reason: 'WINDOW_UPDATE is not 4 bytes long' },
};

/** Null when there is nothing. Frames of unknown types may have any. */
export function frameFault(type: number, flags: number, streamId: number, length: number): Breach | null {
  switch (type) {
    case FRAME.headers:
    case FRAME.continuation:
      return streamId === 0 ? NO_STREAM : null;
    case FRAME.priority:
      return streamId === 0 ? NO_STREAM : lengthFault(type, length === 5);
    case FRAME.rstStream:
      return streamId === 0 ? NO_STREAM : lengthFault(type, length === 4);
    case FRAME.windowUpdate:
      return lengthFault(type, length === 4);
    case FRAME.settings:
      if (streamId !== 0) return A_STREAM;
      return lengthFault(type, (flags & FLAG_ACK) !== 0 ? length === 0 : length % 6 === 0);
    case FRAME.ping:
      return streamId !== 0 ? A_STREAM : lengthFault(type, length === 8);
    case FRAME.goaway:
      return streamId !== 0 ? A_STREAM : lengthFault(type, length >= 8);
    case FRAME.pushPromise:
      return PUSH;
    default:
      return null;
  }
}

function lengthFault(type: number, fits: boolean): Breach | null {
  return fits ? null : LENGTH[type]!;
}
