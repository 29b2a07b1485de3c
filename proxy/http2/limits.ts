/**
 * Every limit of the HTTP/2 codec in one place. Names of statistics stand below `http.PREFIX.http2.` for what clients send and
 * below `cluster.NAME.http2.` for what endpoints send.
 *
 *   limit                      value              over it                               statistic
 *   concurrent streams         configuration      REFUSED_STREAM                        streams_refused
 *   header list                configuration      431, and RESETS; endpoint: reset      header_overflow
 *   headerBlockBytes           65,536             GOAWAY ENHANCE_YOUR_CALM              header_block_too_large
 *   continuations              16                 GOAWAY ENHANCE_YOUR_CALM              continuation_flood
 *   emptyFrames                16 in a row        GOAWAY ENHANCE_YOUR_CALM              inbound_empty_frames_flood
 *   frames for nothing         RESTLESS           GOAWAY ENHANCE_YOUR_CALM              inbound_control_frames_flood
 *   resets                     RESETS             GOAWAY ENHANCE_YOUR_CALM              rx_reset_flood
 *   malformed messages         RESETS             GOAWAY ENHANCE_YOUR_CALM              rx_messaging_error_flood
 *   work in one turn           FairShare          the rest waits for the next turn      reads_deferred
 *   queuedControlBytes         65,536             closed: it does not read              outbound_control_flood
 *   queuedBytes                4 MiB              REFUSED_STREAM until it is less       streams_refused
 *   interimResponses           16                 reset                                 too_many_interim
 *
 * Frames for nothing are PING, SETTINGS, PRIORITY, frames of unknown types, and WINDOW_UPDATE: they make work and carry
 * nothing. Each takes a token; tokens come back with time, and with every request and every stretch of data in either
 * direction, so that a busy peer that probes its round trip or returns small windows is not taken for a hostile one.
 *
 * Sources: CVE-2019-9511 to 9518 (the HTTP/2 floods), CVE-2023-44487 (rapid reset), CVE-2024-27316 and its kin
 * (CONTINUATION), CVE-2025-8671 (resets provoked by the client). Bursts and rates of resets are those of nghttp2
 * (`nghttp2_option_set_stream_reset_rate_limit`, 33 a second), with a smaller burst, since every reset request may have
 * cost an endpoint work.
 */
export const HTTP2_LIMITS = {
  /** Bytes of one header block, its CONTINUATION frames included, before it is decoded. */
  headerBlockBytes: 65_536,
  continuations: 16,
  emptyFrames: 16,
  /** Bytes of answers to control frames that wait because the peer does not read. */
  queuedControlBytes: 65_536,
  /** Bytes of all streams of a connection that wait for windows: past it no further request is taken. */
  queuedBytes: 4_194_304,
  interimResponses: 16,
  /** Largest frame that is accepted: the protocol's own default, which is never raised (SETTINGS_MAX_FRAME_SIZE). */
  frameBytes: 16_384,
  /** Streams that were reset by us, whose late frames are still known as such. */
  rememberedResets: 128,
} as const;

/** Tokens: how many at once, and how many come back in a second. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/** Frames for nothing. */
export const RESTLESS: Rate = { burst: 2_000, perSecond: 500 };

/** Streams that the client resets, or makes us reset. */
export const RESETS: Rate = { burst: 200, perSecond: 33 };
