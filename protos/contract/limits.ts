/** Bounds that both sides of the wire keep. A sender must stay below them; a receiver refuses what is above. */

/** Largest gRPC message, either way. An xDS answer that would be larger is split where the protocol allows it. */
export const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Longest time after which a sidecar tries a control plane again that it has lost. Whoever waits for a sidecar that runs and
 * has no stream waits for that.
 */
export const RECONNECT_MS_MAX = 5_000;

/** Longest resource name, in UTF-8 bytes. */
export const RESOURCE_NAME_BYTES_MAX = 512;

/** Most names in one subscription: a mesh of 10,000 services, each in two versions. */
export const SUBSCRIBED_NAMES_MAX = 20_000;

/** Longest node id, in UTF-8 bytes. */
export const NODE_ID_BYTES_MAX = 256;

/** Most entries of an instance's metadata. */
export const METADATA_ENTRIES_MAX = 64;

/** Longest key or value of an instance's metadata, in UTF-8 bytes. */
export const METADATA_BYTES_MAX = 256;

/** Longest text of a rejection; longer texts are cut, since they travel back with every NACK. */
export const ERROR_DETAIL_CHARS_MAX = 4_096;

/** Largest value of one settings entry. */
export const CONFIG_ENTRY_BYTES_MAX = 1024 * 1024;

/** Longest key of a settings entry, in UTF-8 bytes. */
export const CONFIG_KEY_BYTES_MAX = 256;

/** Most breakers in one report; more are not told. */
export const BREAKER_REPORT_MAX = 1_024;

/** Most edges in one load report; the busiest are kept. */
export const LOAD_REPORT_EDGES_MAX = 256;
