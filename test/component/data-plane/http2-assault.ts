/** One hostile HTTP/2 connection, and the proxy that it is let loose on: for the test of abuse and for its bench. */
import { setTimeout as sleep } from 'node:timers/promises';
import { FRAME } from '../../fakes/http2-frames.ts';
import type { RawHttp2 } from '../../fakes/raw-http2.ts';
import type { BootstrapPlan } from '../../peers/http2/bootstrap.ts';
import { type Probe, STREAMS_MAX } from './http2-probes.ts';

/** For the end of a connection that has been told so: Envoy waits a second. */
const END_PATIENCE_MS = 3_000;
const PAUSE_MS = 20;

/** Limits as Envoy's guide for proxies at the edge has them. */
export const ABUSED_PROXY: Omit<BootstrapPlan, 'upstreamPort'> = {
  upstream: 'http1',
  bufferBytesMax: 32_768,
  manager: {
    http2_protocol_options: {
      max_concurrent_streams: STREAMS_MAX,
      initial_stream_window_size: 65_536,
      initial_connection_window_size: 1_048_576,
    },
  },
};

/** One hostile connection from its beginning to the end that it has to come to, or as long as we wait for that. */
export async function assault(client: RawHttp2, { attack, outcome }: Probe): Promise<void> {
  await attack(client);
  client.resumeReading();
  const answered = () => client.counts[FRAME.rstStream]! > 0 || client.counts[FRAME.headers]! > 0;
  if (outcome === 'harmless') await sleep(PAUSE_MS);
  else await client.until(() => outcome === 'refused' && answered(), END_PATIENCE_MS);
}
