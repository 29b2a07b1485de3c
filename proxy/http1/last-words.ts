/**
 * Hearing out an endpoint that takes no more of a request: it answers early (413, 401), closes with bytes unread, and its
 * kernel sends a reset behind the answer. A write then fails while the answer waits to be read, and Node would destroy the
 * socket with it. Here the end is put off, so that what was received is read first.
 */
import type { Transport } from '../net/transport.ts';

/** Whose request it is. */
export interface AnswerWaiter {
  /** An answer may still come. */
  readonly awaitsAnswer: boolean;
  /** A write failed and the socket was left open: nothing more may be written, and it has to be destroyed soon. */
  onWriteFailed(): void;
}

/** From a write that failed to the end at the latest. What was received is read in the next turns of the event loop. */
export const LAST_WORDS_MS = 50;

/** Makes a failed write leave the socket open while `waiter` waits for an answer. Everything else ends it as ever. */
export function hearOut(transport: Transport, waiter: AnswerWaiter): void {
  const { socket } = transport;
  const destroy = socket.destroy;
  socket.destroy = (error?: Error) => {
    if (error === undefined || !isWriteError(error) || !waiter.awaitsAnswer) return destroy.call(socket, error);
    transport.dropHeld();
    waiter.onWriteFailed();
    return socket;
  };
}

function isWriteError(error: NodeJS.ErrnoException): boolean {
  return error.syscall === 'write' && (error.code === 'EPIPE' || error.code === 'ECONNRESET');
}
