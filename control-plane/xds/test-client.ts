/** For tests: what clients of both protocols have in common, a queue each way between them and their sequencer. */
import type { Snapshot } from '../snapshot/snapshot.ts';
import { type SequencedResponse, Sequencer } from './sequencer.ts';
import type { Protocol } from './subscription.ts';

/** See the head of this file. */
export abstract class TestClient<Request> {
  readonly sequencer: Sequencer<Request>;
  readonly toClient: SequencedResponse[] = [];
  readonly toServer: (() => void)[] = [];
  /** Which responses it refuses, as a whole. */
  refuses: (response: SequencedResponse) => boolean = () => false;

  constructor(first: Snapshot, protocol: Protocol<Request>) {
    this.sequencer = new Sequencer(first, protocol);
  }

  /** Takes one response in, and puts the answer to it on its way. */
  protected abstract answer(response: SequencedResponse): void;

  /** The server writes all that it has to write. */
  pump(): SequencedResponse[] {
    const written: SequencedResponse[] = [];
    for (let next = this.sequencer.next(); next !== undefined; next = this.sequencer.next()) written.push(next);
    this.toClient.push(...written);
    return written;
  }

  /** The client takes in the next response, if there is one. */
  receive(): void {
    const response = this.toClient.shift();
    if (response !== undefined) this.answer(response);
  }

  /** The server takes in the next request, if there is one. */
  deliver(): void {
    this.toServer.shift()?.();
  }

  /** Runs until nobody has anything to say; the responses that this took. */
  settle(): SequencedResponse[] {
    const responses: SequencedResponse[] = [];
    for (let round = 0; round < 1000; round++) {
      responses.push(...this.pump());
      if (this.toClient.length === 0 && this.toServer.length === 0) return responses;
      while (this.toClient.length > 0) this.receive();
      while (this.toServer.length > 0) this.deliver();
    }
    throw new Error('server and client never stop talking');
  }
}
