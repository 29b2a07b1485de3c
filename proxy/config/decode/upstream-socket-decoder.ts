/** The transport socket of a cluster: plain, TLS, and either of them behind a PROXY header. */

import type { TransportSocket } from '../../../protos/gen/envoy/config/core/v3/base.ts';
import { ProxyProtocolConfig_Version as ProxyVersion } from '../../../protos/gen/envoy/config/core/v3/proxy_protocol.ts';
import type { Path } from '../../../protos/json/issue.ts';
import { typeNameOf, unpackAny } from '../../../protos/json/registry.ts';
import type { ClusterConfig } from '../model/cluster.ts';
import type { Decoding } from './decoding.ts';
import { decodeUpstreamTls } from './tls-decoder.ts';

const SOCKETS = 'envoy.extensions.transport_sockets';

/** Decodes a cluster's transport socket; none is plain TCP. */
export function decodeUpstreamSocket(
  socket: TransportSocket | undefined,
  path: Path,
  decoding: Decoding,
): Pick<ClusterConfig, 'tls' | 'proxyProtocol'> {
  const place = [...path, 'typed_config'];
  const any = socket?.configType?.value;
  const proxied = any && unpackAny(`${SOCKETS}.proxy_protocol.v3.ProxyProtocolUpstreamTransport`, any);
  if (proxied !== undefined) {
    const inner = decodeUpstreamSocket(proxied.transportSocket, [...place, 'transport_socket'], decoding);
    if (inner.proxyProtocol !== null)
      decoding.report([...place, 'transport_socket'], 'a PROXY header inside a PROXY header');
    return { ...inner, proxyProtocol: proxied.config?.version === ProxyVersion.V2 ? 2 : 1 };
  }
  const tls = any && unpackAny(`${SOCKETS}.tls.v3.UpstreamTlsContext`, any);
  if (tls !== undefined) return { tls: decodeUpstreamTls(tls, place, decoding), proxyProtocol: null };
  const type = typeNameOf(any?.typeUrl ?? '');
  if (socket !== undefined && type !== `${SOCKETS}.raw_buffer.v3.RawBuffer`)
    decoding.report(place, `${type || 'nothing'} is no transport socket of a cluster`);
  return { tls: null, proxyProtocol: null };
}
