/** Listener filters: what is done with the first bytes of a connection before its filter chain is chosen. */
import { ProxyProtocolConfig_Version as ProxyVersion } from '../../../protos/gen/envoy/config/core/v3/proxy_protocol.ts';
import type { Listener } from '../../../protos/gen/envoy/config/listener/v3/listener.ts';
import type { ListenerFilter } from '../../../protos/gen/envoy/config/listener/v3/listener_components.ts';
import type { Path } from '../../../protos/json/issue.ts';
import { typeNameOf, unpackAny } from '../../../protos/json/registry.ts';
import type {
  FilterChainConfig,
  ListenerFiltersConfig,
  OriginalSourceConfig,
  ProxyProtocolConfig,
} from '../model/listener.ts';
import type { Decoding } from './decoding.ts';
import { durationMs } from './values.ts';

const FILTERS = 'envoy.extensions.filters.listener';
const TIMEOUT_MS = 15_000;

/** Decodes the listener filters. `chains` tell whether anything but their matches asks for them. */
export function decodeListenerFilters(
  message: Listener,
  chains: readonly FilterChainConfig[],
  path: Path,
  decoding: Decoding,
): ListenerFiltersConfig {
  const filters = message.listenerFilters;
  const types = filters.map(({ configType }) => typeNameOf(configType?.value.typeUrl ?? ''));
  for (const [i, type] of types.entries()) {
    if (!type.startsWith(`${FILTERS}.`))
      decoding.report([...path, i, 'typed_config'], `${type || 'nothing'} is no listener filter`);
  }
  const has = (name: string) => types.some((type) => type.endsWith(`.${name}`));
  // As Envoy does, with a warning there: without the inspector these matches could never hold.
  const namesWanted = chains.some(({ match }) => match.serverNames.length > 0 || match.transportProtocol === 'tls');
  const proxyAt = types.indexOf(`${FILTERS}.proxy_protocol.v3.ProxyProtocol`);
  if (proxyAt > 0)
    decoding.report([...path, proxyAt], 'proxy_protocol must be the first listener filter: its header comes first');
  return {
    tlsInspector: has('TlsInspector') || namesWanted,
    httpInspector: has('HttpInspector'),
    originalDestination: has('OriginalDst'),
    originalSource: decodeOriginalSource(filters, types),
    proxyProtocol: proxyAt < 0 ? null : decodeProxyProtocol(filters[proxyAt]!, [...path, proxyAt], decoding),
    timeoutMs: durationMs(message.listenerFiltersTimeout, TIMEOUT_MS),
    continueOnTimeout: message.continueOnListenerFiltersTimeout,
  };
}

function decodeOriginalSource(
  filters: readonly ListenerFilter[],
  types: readonly string[],
): OriginalSourceConfig | null {
  const type = `${FILTERS}.original_src.v3.OriginalSrc` as const;
  const any = filters[types.indexOf(type)]?.configType?.value;
  return any === undefined ? null : { mark: unpackAny(type, any)?.mark ?? 0 };
}

function decodeProxyProtocol(filter: ListenerFilter, path: Path, decoding: Decoding): ProxyProtocolConfig {
  const any = filter.configType?.value;
  const message = any && unpackAny(`${FILTERS}.proxy_protocol.v3.ProxyProtocol`, any);
  const refused = message?.disallowedVersions ?? [];
  const versions = ([1, 2] as const).filter(
    (version) => !refused.includes(version === 1 ? ProxyVersion.V1 : ProxyVersion.V2),
  );
  if (versions.length === 0)
    decoding.report([...path, 'typed_config', 'disallowed_versions'], 'no version is left that could be read');
  return { optional: message?.allowRequestsWithoutProxyProtocol ?? false, versions };
}
