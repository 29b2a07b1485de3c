/**
 * Secrets from a secret discovery service of their own, as SPIRE's agent is one: a stream that asks for all secrets of
 * this source, and comes back by itself. Removals are not followed, as in Envoy: who names a secret needs it.
 */
import type { ClientDuplexStream, Metadata } from '@grpc/grpc-js';
import { RESOURCE_TYPES } from '../../protos/contract/resource-types.ts';
import type { Node } from '../../protos/gen/envoy/config/core/v3/base.ts';
import type { Secret } from '../../protos/gen/envoy/extensions/transport_sockets/tls/v3/secret.ts';
import { SecretDiscoveryServiceClient } from '../../protos/gen/envoy/service/secret/v3/sds.ts';
import type { SecretConfig } from '../config/model/secret.ts';
import type { SecretSource } from '../config/model/secret-reference.ts';
import type { ControlCredentials } from './control-credentials.ts';
import { ControlStream, type ControlStreamDeps } from './control-stream.ts';
import type { Decoders } from './decoders.ts';
import { DeltaProtocol } from './delta-protocol.ts';
import type { Protocol } from './protocol.ts';
import { RepeatedRefusals } from './repeated-refusals.ts';
import { ResourceSet } from './resource-set.ts';
import { SotwProtocol } from './sotw-protocol.ts';

/** A source with a stream. */
export type StreamedSource = Extract<SecretSource, { kind: 'grpc' }>;

/** What streams of secrets need. */
export interface SecretStreamDeps extends ControlStreamDeps {
  readonly decoders: Pick<Decoders, 'secret'>;
  readonly node: Node;
  /** How a static cluster is reached: `host:port`, and who we are there. Throws with a sentence when it cannot be. */
  readonly serverOf: (clusterName: string) => { readonly target: string; readonly credentials: ControlCredentials };
}

/** The running stream. */
export interface SecretStream {
  want(names: ReadonlySet<string>): void;
  /** By name. */
  secrets(): ReadonlyMap<string, SecretConfig>;
  close(): Promise<void>;
}

/** Connects; `onChange` is called when there is something new. */
export function openSecretStream(source: StreamedSource, deps: SecretStreamDeps, onChange: () => void): SecretStream {
  return source.delta
    ? new Stream(
        source,
        deps,
        new DeltaProtocol(deps.node),
        (client, metadata) => client.deltaSecrets(metadata),
        onChange,
      )
    : new Stream(
        source,
        deps,
        new SotwProtocol(deps.node),
        (client, metadata) => client.streamSecrets(metadata),
        onChange,
      );
}

class Stream<Request, Response> implements SecretStream {
  readonly #deps: SecretStreamDeps;
  readonly #protocol: Protocol<Request, Response>;
  readonly #refusals: RepeatedRefusals;
  readonly #stream: ControlStream<SecretDiscoveryServiceClient, Request, Response>;
  readonly #set: ResourceSet<SecretConfig>;
  readonly #onChange: () => void;

  constructor(
    { clusterName, authority }: StreamedSource,
    deps: SecretStreamDeps,
    protocol: Protocol<Request, Response>,
    open: (client: SecretDiscoveryServiceClient, metadata: Metadata) => ClientDuplexStream<Request, Response>,
    onChange: () => void,
  ) {
    this.#deps = deps;
    this.#protocol = protocol;
    this.#refusals = new RepeatedRefusals(deps.timers);
    this.#onChange = onChange;
    this.#set = new ResourceSet(RESOURCE_TYPES.SDS, (message) => deps.decoders.secret(message as Secret));
    this.#stream = new ControlStream(
      {
        ...deps.serverOf(clusterName),
        authority,
        createClient: (...args) => new SecretDiscoveryServiceClient(...args),
        open,
        onUp: () => this.#write(protocol.streamUp()),
        onMessage: (response: Response) => this.#receive(response),
        onDown: () => {
          this.#refusals.clear();
          protocol.streamDown();
        },
      },
      deps,
    );
    this.#stream.start();
  }

  want(names: ReadonlySet<string>): void {
    this.#set.retain(names);
    this.#write(this.#protocol.want(RESOURCE_TYPES.SDS, names));
  }

  secrets(): ReadonlyMap<string, SecretConfig> {
    return this.#set.values();
  }

  close(): Promise<void> {
    this.#refusals.clear();
    return this.#stream.close();
  }

  #receive(response: Response): void {
    const { logger, clock } = this.#deps;
    const incoming = this.#protocol.read(response);
    const { typeUrl, version, update } = incoming;
    if (typeUrl !== RESOURCE_TYPES.SDS.typeUrl) {
      logger.warn({ typeUrl }, 'a server of secrets sent something else');
      return;
    }
    const outcome = this.#set.apply({ ...update, removed: [] }, clock.wallMs());
    if (outcome.rejection !== null) logger.warn({ kind: 'SDS', version, why: outcome.rejection }, 'update refused');
    this.#refusals.answer(typeUrl, version, outcome.rejection, () =>
      this.#write(this.#protocol.answer(incoming, outcome)),
    );
    if (outcome.changed) this.#onChange();
  }

  #write(requests: readonly Request[]): void {
    for (const request of requests) this.#stream.write(request);
  }
}
