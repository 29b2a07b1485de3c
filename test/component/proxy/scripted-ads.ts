/** A control plane that does what the test says: real grpc-js, scripted answers. */
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { RESOURCE_TYPES, type ResourceKind } from '../../../protos/contract/resource-types.ts';
import { AggregatedDiscoveryServiceService } from '../../../protos/gen/envoy/service/discovery/v3/ads.ts';
import {
  type DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
  type DiscoveryRequest,
  DiscoveryResponse,
} from '../../../protos/gen/envoy/service/discovery/v3/discovery.ts';
import { Inbox } from './inbox.ts';

type Packed = { typeUrl: string; value: Buffer };

/** A running server; requests of both variants arrive in its inboxes, in order. */
export class ScriptedAds {
  readonly requests = new Inbox<DiscoveryRequest>();
  readonly deltaRequests = new Inbox<DeltaDiscoveryRequest>();
  readonly #server = new Server();
  readonly #calls: ServerDuplexStream<DiscoveryRequest, DiscoveryResponse>[] = [];
  readonly #deltaCalls: ServerDuplexStream<DeltaDiscoveryRequest, DeltaDiscoveryResponse>[] = [];
  #nonce = 0;
  port = 0;

  /** Listens on that port of 127.0.0.1; 0 takes a free one. */
  async start(port = 0): Promise<this> {
    this.#server.addService(AggregatedDiscoveryServiceService, {
      streamAggregatedResources: (call: ServerDuplexStream<DiscoveryRequest, DiscoveryResponse>) => {
        this.#calls.push(call);
        call.on('data', (request: DiscoveryRequest) => this.requests.push(request));
        call.on('end', () => call.end());
        call.on('error', () => {});
      },
      deltaAggregatedResources: (call: ServerDuplexStream<DeltaDiscoveryRequest, DeltaDiscoveryResponse>) => {
        this.#deltaCalls.push(call);
        call.on('data', (request: DeltaDiscoveryRequest) => this.deltaRequests.push(request));
        call.on('end', () => call.end());
        call.on('error', () => {});
      },
    });
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
    this.port = await promise;
    return this;
  }

  /** The next request that is no answer and asks for that kind, and for such names; what comes before is passed over. */
  async request(kind: ResourceKind, fits: (names: readonly string[]) => boolean = () => true): Promise<void> {
    const { typeUrl } = RESOURCE_TYPES[kind];
    for (;;) {
      const { typeUrl: asked, resourceNames } = await this.requests.next();
      if (asked === typeUrl && fits(resourceNames)) return;
    }
  }

  /** Answers on the newest stream; returns the nonce. */
  send(kind: ResourceKind, version: string, resources: readonly Packed[]): string {
    const nonce = `n${++this.#nonce}`;
    const { typeUrl } = RESOURCE_TYPES[kind];
    const message = { typeUrl, versionInfo: version, nonce, resources: [...resources] };
    this.#calls.at(-1)?.write(DiscoveryResponse.fromPartial(message));
    return nonce;
  }

  /** The same in delta. */
  sendDelta(
    kind: ResourceKind,
    resources: readonly { name: string; version: string; resource: Packed }[],
    removedResources: readonly string[] = [],
  ): string {
    const nonce = `n${++this.#nonce}`;
    const { typeUrl } = RESOURCE_TYPES[kind];
    const message = { typeUrl, nonce, resources: [...resources], removedResources: [...removedResources] };
    this.#deltaCalls.at(-1)?.write(DeltaDiscoveryResponse.fromPartial(message));
    return nonce;
  }

  /** Cuts every connection. */
  stop(): void {
    this.#server.forceShutdown();
  }
}
