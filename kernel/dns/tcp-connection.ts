/**
 * DNS over one TCP connection: each message behind its length in two bytes (RFC 7766, section 8). Questions may follow each
 * other without waiting; answers go out in the order in which they are ready.
 */
import type { Socket } from 'node:net';
import type { Timer, Timers } from '../timers.ts';

/** Who serves it. */
export interface ConnectionOwner {
  /** The answer to a message; undefined is none, which ends the connection. Never rejects. */
  answer(message: Buffer): Promise<Buffer | undefined>;
  /** What came is no DNS, or too much. */
  onBroken(): void;
  onEnd(): void;
}

/** DEFAULT: as RFC 7766 asks, some seconds. */
const IDLE_MS = 10_000;
/** No question is longer, options and all. */
export const QUESTION_BYTES_MAX = 4_096;
/** More questions wait in the socket. */
const UNANSWERED_MAX = 32;

/** Serves until either side ends it; the returned function ends it now. */
export function serveConnection(socket: Socket, timers: Timers, owner: ConnectionOwner): () => void {
  let waiting: Buffer = Buffer.alloc(0);
  let unanswered = 0;
  let ended = false;
  let idle: Timer = timers.after(IDLE_MS, () => socket.destroy());
  const stay = () => {
    idle.cancel();
    idle = timers.after(IDLE_MS, () => socket.destroy());
  };
  const breakOff = () => {
    owner.onBroken();
    socket.destroy();
  };
  const answer = async (message: Buffer) => {
    unanswered++;
    const bytes = await owner.answer(message);
    unanswered--;
    if (socket.destroyed) return;
    if (bytes === undefined) {
      breakOff();
      return;
    }
    const length = Buffer.alloc(2);
    length.writeUInt16BE(bytes.length);
    const room = socket.write(Buffer.concat([length, bytes]));
    if (!room) socket.once('drain', take);
    else take();
    if (ended && unanswered === 0) socket.end();
  };
  function take(): void {
    while (waiting.length >= 2 && unanswered < UNANSWERED_MAX && !socket.writableNeedDrain && !socket.destroyed) {
      const length = waiting.readUInt16BE(0);
      if (length === 0 || length > QUESTION_BYTES_MAX) {
        breakOff();
        return;
      }
      if (waiting.length < length + 2) break;
      const message = waiting.subarray(2, length + 2);
      waiting = waiting.subarray(length + 2);
      void answer(message);
    }
    if (waiting.length > QUESTION_BYTES_MAX + 2) socket.pause();
    else socket.resume();
  }
  socket.on('data', (bytes: Buffer) => {
    waiting = waiting.length === 0 ? bytes : Buffer.concat([waiting, bytes]);
    stay();
    take();
  });
  socket.on('end', () => {
    ended = true;
    if (unanswered === 0) socket.end();
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    idle.cancel();
    owner.onEnd();
  });
  return () => socket.destroy();
}
