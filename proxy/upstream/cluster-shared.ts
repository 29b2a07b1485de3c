import type { MessageHead } from '../http1/message-head.ts';
import type { Http2Shared } from '../http2/shared.ts';
import type { Loop } from '../net/loop.ts';
import type { RetriedMarks } from './attempt/retried-marks.ts';
import type { LocalCluster } from './local-cluster.ts';

/** What all clusters of a loop share. */
export interface ClusterShared {
  readonly loop: Loop;
  readonly responseHead: MessageHead;
  readonly http2: Http2Shared;
  readonly retriedMarks: RetriedMarks;
  /** Null when the bootstrap names none. */
  readonly local: LocalCluster | null;
}
