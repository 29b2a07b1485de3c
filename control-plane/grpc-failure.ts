/**
 * Ends a gRPC stream with a status that its client reads.
 */
import type { status } from '@grpc/grpc-js';

/** A server's stream; grpc-js turns an error that it emits into the status of the call. */
export interface FailingCall {
  emit(event: 'error', error: Error): boolean;
}

/** Ends `call` with `code` and a sentence. (`destroy` would reset the stream, and nobody would read the sentence.) */
export function failCall(call: FailingCall, code: status, details: string): void {
  call.emit('error', Object.assign(new Error(details), { code, details }));
}
