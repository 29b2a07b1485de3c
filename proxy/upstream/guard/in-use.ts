/** What is in use of limits. Plain fields: HOT. */

/** What requests of one priority have in use of their cluster. */
export class InUse {
  connections = 0;
  pending = 0;
  requests = 0;
  retries = 0;
  /** Pools that belong to one client each. */
  clientPools = 0;
}

/** What is in use of one endpoint, over all of its pools. Requests are `Endpoint.active`. */
export class EndpointUse {
  connections = 0;
  pending = 0;
}
