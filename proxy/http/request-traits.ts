/**
 * What a codec noticed about a request head while it scanned it, as bits: only requests with a trait that the listener
 * cares about are looked at again, so that a clean one pays a single test.
 */

/** A field name holds an underscore. */
export const TRAIT_UNDERSCORE = 1;
/** A field name starts with `x-envoy-` or `x-outrider-`. */
export const TRAIT_ENVOY_HEADER = 2;
/** There is an `x-forwarded-client-cert` field. */
export const TRAIT_CLIENT_CERT = 4;
/** The target holds `//`, `/.`, a percent sign or a backslash: its path may need normalising. */
export const TRAIT_UNUSUAL_PATH = 8;
/** There is a `Max-Forwards` field. */
export const TRAIT_MAX_FORWARDS = 16;
/** The method is TRACE. */
export const TRAIT_TRACE = 32;
/** The method is CONNECT. */
export const TRAIT_CONNECT = 64;
/** The client wants to go on with another protocol: `Connection: upgrade` with an `Upgrade` field. */
export const TRAIT_UPGRADE = 256;
/** `TE: trailers`: the client takes trailers. */
export const TRAIT_TAKES_TRAILERS = 512;
/** The content type is that of gRPC. */
export const TRAIT_GRPC = 1024;
/** There is an expectation other than `100-continue`. */
export const TRAIT_UNKNOWN_EXPECTATION = 128;
