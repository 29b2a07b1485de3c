/** A cluster without an endpoint behind it. */
import type { ClusterConfig } from '../../proxy/config/model/cluster.ts';
import { MessageHead } from '../../proxy/http1/message-head.ts';
import { Http2Shared } from '../../proxy/http2/shared.ts';
import { plainDialer } from '../../proxy/net/dial.ts';
import type { Loop } from '../../proxy/net/loop.ts';
import { RetriedMarks } from '../../proxy/upstream/attempt/retried-marks.ts';
import { Cluster } from '../../proxy/upstream/cluster.ts';

/** On that loop; it dials for real. */
export function fakeCluster(config: ClusterConfig, loop: Loop): Cluster {
  const shared = {
    loop,
    responseHead: new MessageHead(1),
    http2: new Http2Shared(loop),
    retriedMarks: new RetriedMarks(),
    local: null,
  };
  return new Cluster(config, shared, () => plainDialer(loop));
}
