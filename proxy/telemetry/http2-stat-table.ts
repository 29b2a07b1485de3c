/** The HTTP/2 codec in Envoy's words where it has the figure ("HTTP/2 codec statistics"), for clients and endpoints alike. */
import type { Http2Stats } from '../http/http2-stats.ts';
import { counter, gauge, type StatRow } from './stat-table.ts';

/** Fields of Http2Stats. They are told once there has been an HTTP/2 connection. */
export const HTTP2_STATS: readonly StatRow<Http2Stats>[] = [
  gauge('streamsActive', 'http2.streams_active', 'Streams in flight'),
  counter('streamsRefused', 'http2.streams_refused', 'Streams over the limit, refused'),
  counter('readsDeferred', 'http2.reads_deferred', 'Reads of clients that made more work than one may in a turn'),
  counter('rxReset', 'http2.rx_reset', 'Streams that the peer has reset'),
  counter('txReset', 'http2.tx_reset', 'Streams that were reset here'),
  counter('goawaySent', 'http2.goaway_sent', 'Connections that were told to end'),
  counter('protocolError', 'http2.protocol_error', 'Connections ended by a breach of the protocol'),
  counter('headerOverflow', 'http2.header_overflow', 'Header lists over the limit'),
  counter('headerBlockTooLarge', 'http2.header_block_too_large', 'Header blocks over the limit'),
  counter('continuationFlood', 'http2.continuation_flood', 'Connections ended by too many CONTINUATION frames'),
  counter('emptyFramesFlood', 'http2.inbound_empty_frames_flood', 'Connections ended by frames without content'),
  counter('controlFramesFlood', 'http2.inbound_control_frames_flood', 'Connections ended by frames for nothing'),
  counter('outboundControlFlood', 'http2.outbound_control_flood', 'Connections ended because answers were not read'),
  counter('resetFlood', 'http2.rx_reset_flood', 'Connections ended by too many resets'),
  counter('messagingError', 'http2.rx_messaging_error', 'Messages that break the rules of HTTP'),
  counter('messagingErrorFlood', 'http2.rx_messaging_error_flood', 'Connections ended by too many of them'),
  counter('tooManyInterim', 'http2.too_many_interim', 'Answers with too many interim ones in front'),
];
