/** `/listeners`: every listener with the address it is really bound to. */
import { hostPortText } from '../../kernel/host-port.ts';
import { Listeners } from '../../protos/gen/envoy/admin/v3/listeners.ts';
import { writeJson } from '../../protos/json/write-json.ts';
import { type AdminEndpoint, jsonReply, textReply } from './admin-endpoint.ts';
import { addressMessage } from './clusters-page.ts';
import type { AdminViews, ListenerView } from './views.ts';

/** The endpoint over these listeners. */
export function listenersEndpoint(views: Pick<AdminViews, 'listeners'>): AdminEndpoint {
  return {
    path: '/listeners',
    help: 'print listener info',
    parameters: ['format=text|json'],
    handle: ({ query }) => {
      const listeners = views.listeners();
      return query.get('format') === 'json' ? jsonReply(listenersJson(listeners)) : textReply(listenersText(listeners));
    },
  };
}

function listenersText(listeners: readonly ListenerView[]): string {
  return listeners
    .map(({ config, address }) => `${config.name}::${hostPortText(address ?? config.address)}\n`)
    .join('');
}

function listenersJson(listeners: readonly ListenerView[]): unknown {
  const message = Listeners.fromPartial({
    listenerStatuses: listeners.map(({ config, address }) => ({
      name: config.name,
      localAddress: addressMessage(address ?? config.address),
      additionalLocalAddresses: config.additionalAddresses.map(addressMessage),
    })),
  });
  return writeJson('envoy.admin.v3.Listeners', message);
}
