/**
 * Where an injected sidecar is to be found, in a container, a pod or a machine of its own: the rules of interception, and
 * whoever puts it there, go by the same numbers.
 */

/** Its user: interception lets pass what it sends. */
export const SIDECAR_UID = 1337;

/** SO_MARK of its connections that carry the addresses of clients: policy routing keeps them on the machine. Istio's number. */
export const CLIENT_ADDRESS_MARK = 1337;

/** Its ports. Nothing else in its network namespace may have them. DEFAULT of `outrider intercept`; Istio's numbers. */
export const SIDECAR_PORTS = {
  admin: 15_000,
  outbound: 15_001,
  inbound: 15_006,
  settings: 15_009,
  /** For the kubelet and Prometheus, in pods. */
  health: 15_020,
  dns: 15_053,
} as const;

/** The port of an application that has none: nobody listens there, so that it is never well and nobody is sent to it. */
export const NO_APPLICATION_PORT = 1;
