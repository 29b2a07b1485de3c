/**
 * Requests of high priority (RouteAction.priority HIGH) in a cluster: limits of their own, and connections of their own,
 * so that they never wait behind those of default priority. As in Envoy. Made when the first of them comes.
 */
import type { ClusterConfig, ClusterLimits } from '../../config/model/cluster.ts';
import { HostView } from '../pool/host-view.ts';
import type { InUse } from './in-use.ts';
import { LimitRefusals } from './limits.ts';

export class HighPriority extends HostView {
  /** With the configuration that they were made for. */
  #refusals: { readonly config: ClusterConfig; readonly of: LimitRefusals } | null = null;

  override get limits(): ClusterLimits {
    return this.config.limits.high;
  }

  override get connectionsPerEndpoint(): number {
    return this.config.maxConnectionsPerHost.high;
  }

  override get inUse(): InUse {
    return this.stats.highInUse;
  }

  override get refusals(): LimitRefusals {
    const { config } = this;
    if (this.#refusals?.config !== config) this.#refusals = { config, of: new LimitRefusals(config, 'high') };
    return this.#refusals.of;
  }
}
