/** What this proxy says of itself to those who check it. */

/** Whether each endpoint of a cluster may be picked. */
export type EndpointHealths = readonly { readonly available: boolean }[];

export class SelfHealth {
  /** POST /healthcheck/fail: it is about to leave, and nobody should be sent here. */
  failed = false;
  /** This process is about to end: checks fail, while answers ask clients to leave one after the other. */
  ending = false;
  /** node.cluster: what it calls itself. */
  readonly service: string;
  readonly #endpointsOf: (cluster: string) => EndpointHealths | undefined;

  constructor(service: string, endpointsOf: (cluster: string) => EndpointHealths | undefined) {
    this.service = service;
    this.#endpointsOf = endpointsOf;
  }

  /** Nobody should be sent here, for either reason. */
  get leaving(): boolean {
    return this.failed || this.ending;
  }

  /** The endpoints of a cluster; undefined when there is no such cluster. */
  endpointsOf(cluster: string): EndpointHealths | undefined {
    return this.#endpointsOf(cluster);
  }
}
