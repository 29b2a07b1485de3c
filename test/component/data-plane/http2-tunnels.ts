/** What tests of tunnels over HTTP/2 share. */
import { once } from 'node:events';
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import type { Test } from 'tap';
import type { ClusterConfig } from '../../../proxy/config/model/cluster.ts';
import type { HttpConnectionManagerConfig } from '../../../proxy/config/model/listener.ts';
import { cluster } from '../../fakes/config-builders.ts';
import type { FieldLine } from '../../fakes/http2-frames.ts';
import { Harness } from './harness.ts';
import { connectHttp2, HTTP2_OPTIONS, OVER_HTTP2 } from './http2-peers.ts';

/** HTTP/2 that takes extended CONNECT. */
export const ALLOWING = { ...HTTP2_OPTIONS, allowConnect: true };
/** A listener that takes WebSocket by it. */
export const MANAGER: Partial<HttpConnectionManagerConfig> = { upgrades: { websocket: true }, http2: ALLOWING };
/** A cluster that asks for it. */
export const HTTP2_HOP: Partial<ClusterConfig> = { ...OVER_HTTP2, http2: ALLOWING };

/** The head of an extended CONNECT. */
export const EXTENDED: readonly FieldLine[] = [
  [':method', 'CONNECT'],
  [':protocol', 'websocket'],
  [':scheme', 'http'],
  [':authority', 'a.test'],
  [':path', '/'],
];

/** A data plane in front of that port. */
export async function startHarness(
  t: Test,
  port: number,
  change: Partial<ClusterConfig>,
  manager: Partial<HttpConnectionManagerConfig> = MANAGER,
): Promise<Harness> {
  const harness = new Harness(t);
  await harness.apply({ clusters: [cluster('a', [port], change)], manager });
  return harness;
}

/** An extended CONNECT, and the head of its answer. */
export async function openTunnel(
  session: ClientHttp2Session,
  fields: Record<string, string> = {},
): Promise<{ stream: ClientHttp2Stream; head: IncomingHttpHeaders }> {
  const stream = session.request(
    {
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':scheme': 'http',
      ':authority': 'a.test',
      ':path': '/chat',
      'sec-websocket-version': '13',
      ...fields,
    },
    { endStream: false },
  );
  stream.on('error', () => undefined);
  const [head] = await once(stream, 'response');
  return { stream, head };
}

/** Waits for the end of a stream, with or without an error. */
export function closeOf(stream: NodeJS.EventEmitter): Promise<void> {
  return new Promise((resolve) => stream.once('close', () => resolve()));
}

/** A client whose server has said that it takes extended CONNECT. */
export async function connectUpgrading(t: Test, port: number): Promise<ClientHttp2Session> {
  const session = await connectHttp2(t, port, { settings: { enableConnectProtocol: true } });
  if (!session.remoteSettings?.enableConnectProtocol) await once(session, 'remoteSettings');
  return session;
}
