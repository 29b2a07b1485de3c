/** What the two variants of ADS have in common: messages of one stream, without the stream. */
import type { ResourceType } from '../../protos/contract/resource-types.ts';
import type { ResourceUpdate, UpdateOutcome } from './resource-set.ts';
import type { Names } from './subscription.ts';

/** A response, read. */
export interface IncomingUpdate {
  readonly typeUrl: string;
  readonly nonce: string;
  /** SotW: of the response; delta: system_version_info, for people. */
  readonly version: string;
  readonly controlPlane: string;
  readonly update: ResourceUpdate;
}

/** One variant, with the subscriptions of one client. They outlive a stream. */
export interface Protocol<Request, Response> {
  /** A new stream is there: what to write on it, clusters first. */
  streamUp(): Request[];
  streamDown(): void;
  /** Changes what is wanted of a type: what to write, if there is a stream. */
  want(type: ResourceType, names: Names): Request[];
  /** They are not held any more, though the server has not removed them: the next stream does not claim them. */
  expired(type: ResourceType, names: readonly string[]): void;
  read(response: Response): IncomingUpdate;
  /** The ACK or NACK of a response. */
  answer(incoming: IncomingUpdate, outcome: UpdateOutcome): Request[];
}
