/**
 * The members of an etcd cluster, and one gRPC client for each service of each of them. All calls go to one member until
 * it fails; who notices that moves everybody on to the next.
 */
import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import { type ChannelCredentials, type ChannelOptions, credentials, Metadata } from '@grpc/grpc-js';
import { AuthClient, KVClient, LeaseClient, WatchClient } from '../../../protos/gen/etcd/rpc.ts';
import type { EtcdSettings } from './settings.ts';

/** The services of one member. */
export interface Member {
  readonly address: string;
  readonly kv: KVClient;
  readonly watch: WatchClient;
  readonly lease: LeaseClient;
  readonly auth: AuthClient;
}

/**
 * etcd hangs up on who pings more often than every 5 s (`--grpc-keepalive-min-time`); calls have deadlines of their own, and
 * the watch asks for progress, so that the ping is for connections that nobody uses.
 */
const OPTIONS: ChannelOptions = {
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 3000,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1000,
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_http_proxy': 0,
};

/** See the head of this file. */
export class Members {
  readonly #all: readonly Member[];
  #current = 0;

  constructor({ endpoints, tls }: EtcdSettings) {
    this.#all = endpoints.map((address) => memberAt(address, tls));
  }

  get count(): number {
    return this.#all.length;
  }

  /** Where calls go now. */
  current(): Member {
    return this.#all[this.#current]!;
  }

  /** `member` has failed: the next one takes its place, unless somebody has noticed before. */
  moveOnFrom(member: Member): void {
    if (member === this.current()) this.#current = (this.#current + 1) % this.#all.length;
  }

  close(): void {
    for (const { kv, watch, lease, auth } of this.#all) for (const client of [kv, watch, lease, auth]) client.close();
  }
}

/** What goes with every call: a member that has lost its cluster says so instead of waiting for it. */
export function callMetadata(token: string | null): Metadata {
  const metadata = new Metadata();
  metadata.set('hasleader', 'true');
  if (token !== null) metadata.set('token', token);
  return metadata;
}

function memberAt(address: string, tls: EtcdSettings['tls']): Member {
  const host = address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '');
  const channel = channelCredentials(tls, host);
  const options = tls === null || isIP(host) === 0 ? OPTIONS : { ...OPTIONS, 'grpc.ssl_target_name_override': 'etcd' };
  const kv = new KVClient(address, channel, options);
  // One connection per member carries all services.
  const shared = { ...options, channelOverride: kv.getChannel() };
  return {
    address,
    kv,
    watch: new WatchClient(address, channel, shared),
    lease: new LeaseClient(address, channel, shared),
    auth: new AuthClient(address, channel, shared),
  };
}

/** The name in the certificate is that of the endpoint, which may be an address; addresses cannot be asked for by SNI. */
function channelCredentials(tls: EtcdSettings['tls'], host: string): ChannelCredentials {
  if (tls === null) return credentials.createInsecure();
  return credentials.createSsl(tls.authorities, tls.client?.key ?? null, tls.client?.certificate ?? null, {
    checkServerIdentity: (_asked, certificate) => checkServerIdentity(host, certificate),
  });
}
