import t from 'tap';
import { decodedListener, type Json, LISTENER, listener, manager, refused, TYPE } from './test-fixtures.ts';

t.test('a PROXY header is read first, or not at all', (t) => {
  const proxy = (more: Json = {}) => ({
    name: 'proxy',
    typed_config: { '@type': `${TYPE}.filters.listener.proxy_protocol.v3.ProxyProtocol`, ...more },
  });
  const tls = { name: 'tls', typed_config: { '@type': `${TYPE}.filters.listener.tls_inspector.v3.TlsInspector` } };
  const filters = (...listener_filters: Json[]) =>
    decodedListener(listener([{ filters: [manager()] }], { listener_filters }));
  t.same(filters(proxy()).config.filters.proxyProtocol, { optional: false, versions: [1, 2] });
  t.same(filters(proxy({ disallowed_versions: ['V1'], allow_requests_without_proxy_protocol: true })).config.filters, {
    ...filters(proxy()).config.filters,
    proxyProtocol: { optional: true, versions: [2] },
  });
  t.match(filters(tls, proxy()).problems, [/listener_filters\[1\]: proxy_protocol must be the first/]);
  t.match(filters(proxy({ disallowed_versions: ['V1', 'V2'] })).problems, [/no version is left that could be read/]);
  t.end();
});

t.test('a listener that keeps the client’s address', (t) => {
  const source = (more: Json = {}) => ({
    name: 'source',
    typed_config: { '@type': `${TYPE}.filters.listener.original_src.v3.OriginalSrc`, ...more },
  });
  const made = (more: Json) => decodedListener(listener([{ filters: [manager()] }], more));
  t.match(made({}).config, { transparent: false, filters: { originalSource: null } });
  t.match(made({ transparent: true, listener_filters: [source()] }).config, {
    transparent: true,
    filters: { originalSource: { mark: 0 } },
  });
  t.match(made({ listener_filters: [source({ mark: 1337 })] }).config, {
    transparent: false,
    filters: { originalSource: { mark: 1337 } },
  });
  t.match(
    refused(LISTENER, listener([{ filters: [manager()] }], { listener_filters: [source({ bind_port: true })] })),
    [/^listener_filters\[0\]\.typed_config\.bind_port: bind_port is not supported/],
  );
  t.end();
});
