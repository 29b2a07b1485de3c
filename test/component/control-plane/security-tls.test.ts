/**
 * The gRPC port and TLS on both ports: credentials bound to workloads, client certificates, certificates exchanged while
 * streams are open.
 */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, type TLSSocket } from 'node:tls';
import { type ClientDuplexStream, credentials, Metadata, type StatusObject, status } from '@grpc/grpc-js';
import t from 'tap';
import type { ControlPlane } from '../../../control-plane/app.ts';
import { newToken } from '../../../control-plane/security/tokens.ts';
import { RESOURCE_TYPES } from '../../../protos/contract/resource-types.ts';
import { Node } from '../../../protos/gen/envoy/config/core/v3/base.ts';
import { AggregatedDiscoveryServiceClient } from '../../../protos/gen/envoy/service/discovery/v3/ads.ts';
import { DiscoveryRequest, type DiscoveryResponse } from '../../../protos/gen/envoy/service/discovery/v3/discovery.ts';
import { AgentMessage, type ControlMessage } from '../../../protos/gen/outrider/agent/v1/agent.ts';
import { AgentServiceClient } from '../../../protos/gen/outrider/agent/v1/agent_service.ts';
import { STRANGER } from '../../fakes/certificates.ts';
import { ALICE, CART, EXPIRED_SERVER, MESH_CA_PEM, SECOND_SERVER } from '../../fakes/control-plane-certificates.ts';
import { until } from '../../until.ts';
import { applyMesh, startProtected as start } from './fixtures/protected.ts';

interface Client {
  readonly token?: string;
  readonly identity?: { readonly chainPem: string; readonly keyPem: string };
  readonly tls?: boolean;
}

function channelOf({ identity, tls }: Client) {
  if (!tls) return credentials.createInsecure();
  const buffer = (text: string | undefined) => (text === undefined ? null : Buffer.from(text));
  return credentials.createSsl(Buffer.from(MESH_CA_PEM), buffer(identity?.keyPem), buffer(identity?.chainPem));
}

/** A server name is never an address (RFC 6066 section 3). */
const NAMED = { 'grpc.ssl_target_name_override': 'localhost' };

function metadataOf({ token }: Client): Metadata {
  const metadata = new Metadata();
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
  return metadata;
}

/** How a stream that was opened like this ends, or `open` once the server has answered on it. */
async function outcome<Request, Response>(
  stream: ClientDuplexStream<Request, Response>,
  close: () => void,
): Promise<{ readonly code: number; readonly details: string } | 'open'> {
  const { promise, resolve } = Promise.withResolvers<{ code: number; details: string } | 'open'>();
  stream.on('data', () => resolve('open'));
  stream.on('error', () => {});
  stream.on('status', ({ code, details }: StatusObject) => resolve({ code, details }));
  const result = await promise;
  stream.cancel();
  close();
  return result;
}

interface Claim {
  readonly id: string;
  readonly workload?: string;
  readonly services?: readonly string[];
}

function subscribe({ grpcAddress }: ControlPlane, who: Client, { id, workload, services }: Claim) {
  const client = new AggregatedDiscoveryServiceClient(grpcAddress, channelOf(who), NAMED);
  const stream: ClientDuplexStream<DiscoveryRequest, DiscoveryResponse> = client.streamAggregatedResources(
    metadataOf(who),
  );
  const metadata =
    workload === undefined
      ? undefined
      : { outrider: { workload, services: services ?? [workload], outbound_port: 1, inbound_port: 2, app_port: 3 } };
  const { typeUrl } = RESOURCE_TYPES.CDS;
  stream.write({ ...DiscoveryRequest.fromPartial({ typeUrl }), node: { ...Node.fromPartial({ id }), metadata } });
  return outcome(stream, () => client.close());
}

function register({ grpcAddress }: ControlPlane, who: Client, { id, workload = '', services }: Claim) {
  const client = new AgentServiceClient(grpcAddress, channelOf(who), NAMED);
  const stream: ClientDuplexStream<AgentMessage, ControlMessage> = client.connect(metadataOf(who));
  const identity = { workload, services: [...(services ?? [workload])], address: '127.0.0.1', port: 5000 };
  stream.write(AgentMessage.fromPartial({ message: { $case: 'register', value: { nodeId: id, identity, pid: 1 } } }));
  return outcome(stream, () => client.close());
}

t.test('over TLS: certificates of clients, and the server’s own exchanged without a stream lost', async (t) => {
  const { controlPlane, tokens, send, file, audit } = await start(t, { tls: true });
  t.match(controlPlane.httpAddress, /^https:/);
  t.match(await send('/v1/status', { token: tokens.read }), { status: 200 });
  t.match(await send('/v1/status', { identity: ALICE }), { status: 200 });
  t.match(await send('/v1/audit', { identity: ALICE }), {
    status: 403,
    body: { error: { message: /"alice" has the role operate/ } },
  });
  t.match(await send('/v1/status', { identity: CART }), { status: 403, body: { error: { message: /is a workload/ } } });
  t.match(await send('/v1/status', { identity: STRANGER }), { status: 401 }, 'of an authority that is not trusted');
  t.match(await send('/v1/status', { identity: { ...EXPIRED_SERVER } }), { status: 401 }, 'expired');
  t.match(
    await send('/v1/status', { identity: STRANGER, token: tokens.read }),
    { status: 200 },
    'a token counts for itself',
  );
  await applyMesh(send, tokens.operate);
  t.match(audit().at(-1), { who: 'operator', action: 'POST /v1/apply' });

  const port = Number(new URL(controlPlane.httpAddress).port);
  const handshake = async (options: object): Promise<TLSSocket> => {
    const socket = connect({ port, host: '127.0.0.1', ca: MESH_CA_PEM, ...options });
    await once(socket, 'secureConnect');
    return socket;
  };
  const subject = async (to = port) => {
    const socket = connect({ port: to, host: '127.0.0.1', ca: MESH_CA_PEM, ALPNProtocols: ['h2', 'http/1.1'] });
    await once(socket, 'secureConnect');
    const { CN } = socket.getPeerCertificate().subject;
    socket.destroy();
    return CN;
  };
  await t.rejects(
    handshake({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
    'TLS 1.1 is not spoken',
  );

  const client = new AggregatedDiscoveryServiceClient(
    controlPlane.grpcAddress,
    channelOf({ tls: true, identity: CART }),
    NAMED,
  );
  const stream = client.streamAggregatedResources(new Metadata());
  const answers: DiscoveryResponse[] = [];
  let ended: unknown;
  stream.on('data', (answer: DiscoveryResponse) => answers.push(answer));
  stream.on('error', (error) => {
    ended = error;
  });
  t.teardown(() => client.close());
  const { typeUrl } = RESOURCE_TYPES.CDS;
  stream.write({ ...DiscoveryRequest.fromPartial({ typeUrl }), node: Node.fromPartial({ id: 'cart-0' }) });
  await until('an answer', () => answers.length === 1);
  stream.write(
    DiscoveryRequest.fromPartial({ typeUrl, versionInfo: answers[0]!.versionInfo, responseNonce: answers[0]!.nonce }),
  );

  const grpcPort = Number(controlPlane.grpcAddress.split(':').at(-1));
  t.equal(await subject(), 'first');
  const metric = async (pattern: RegExp) => pattern.test((await send('/metrics', { token: tokens.read })).text);
  writeFileSync(file('server.pem'), SECOND_SERVER.chainPem);
  await until('the half-finished change to be noticed', () => metric(/security_file_broken\{file="certificate"\} 1/));
  t.equal(await subject(), 'first', 'a certificate without its key leaves the old one');
  writeFileSync(file('server.key'), SECOND_SERVER.keyPem);
  await until(
    'the new certificate',
    async () => (await subject()) === 'second' && (await subject(grpcPort)) === 'second',
  );
  t.ok(await metric(/security_file_broken\{file="certificate"\} 0/));
  t.equal(ended, undefined, 'the stream goes on');
  t.match(
    await send('/v1/apply', {
      token: tokens.operate,
      method: 'POST',
      body: 'services: {extra: {command: "true", deploy: {replicas: 0}}}',
    }),
    { status: 200 },
  );
  await until('a push on the stream that was open before', () => answers.length >= 2);
  stream.cancel();
});

t.test('over gRPC: a credential is bound to its workload', async (t) => {
  const { controlPlane, tokens, send, audit } = await start(t);
  await applyMesh(send, tokens.operate);
  const { UNAUTHENTICATED, PERMISSION_DENIED } = status;
  const cart = { id: 'cart-0', workload: 'cart', services: ['cart', 'shop'] };
  const edge = { token: tokens.cart };
  t.match(await subscribe(controlPlane, {}, cart), { code: UNAUTHENTICATED, details: /no token was sent/ });
  t.match(await register(controlPlane, {}, cart), { code: UNAUTHENTICATED });
  t.match(await register(controlPlane, { token: newToken() }, cart), { code: UNAUTHENTICATED, details: /not known/ });
  t.match(await register(controlPlane, { token: tokens.expired }, cart), { code: UNAUTHENTICATED, details: /expired/ });
  t.match(await register(controlPlane, { token: tokens.operate }, cart), {
    code: PERMISSION_DENIED,
    details: /"operator" may operate: \/outrider.agent.v1.AgentService\/Connect is for workloads and administrators/,
  });
  t.equal(await subscribe(controlPlane, edge, cart), 'open');
  t.equal(await register(controlPlane, edge, cart), 'open', 'the services are those of the desired state');
  t.equal(await subscribe(controlPlane, edge, { id: 'cart-7' }), 'open', 'a gRPC client of the workload');
  for (const claim of [
    { id: 'payment-0', workload: 'payment' },
    { id: 'cart-0', workload: 'payment' },
    { id: 'cart-0', workload: 'cart', services: ['cart', 'payment'] },
    { id: 'payment-0', workload: 'cart' },
  ]) {
    t.match(await register(controlPlane, edge, claim), {
      code: PERMISSION_DENIED,
      details: /bound to workload "cart"/,
    });
    t.match(await subscribe(controlPlane, edge, claim), {
      code: PERMISSION_DENIED,
      details: /bound to workload "cart"/,
    });
  }
  t.equal(
    await subscribe(controlPlane, { token: tokens.administer }, { id: 'payment-0', workload: 'payment' }),
    'open',
  );
  const { instances } = (await send('/v1/services/payment', { token: tokens.read })).body as { instances?: unknown };
  t.same(instances, [], 'nobody has taken its place');
  t.ok(
    audit().some(
      ({ who, action, reason }) =>
        who === 'edge' && /AgentService/.test(String(action)) && /"payment"/.test(String(reason)),
    ),
    'what was tried is written down',
  );
});

t.test('over gRPC with TLS: the SPIFFE ID of a certificate is the workload', async (t) => {
  const { controlPlane, tokens, send } = await start(t, { tls: true });
  await applyMesh(send, tokens.operate);
  const cart = { id: 'cart-0', workload: 'cart' };
  t.equal(await register(controlPlane, { tls: true, identity: CART }, cart), 'open');
  t.equal(await register(controlPlane, { tls: true, token: tokens.cart }, cart), 'open');
  t.match(await register(controlPlane, { tls: true, identity: CART }, { id: 'payment-0', workload: 'payment' }), {
    code: status.PERMISSION_DENIED,
  });
  t.match(await register(controlPlane, { tls: true, identity: STRANGER }, cart), { code: status.UNAUTHENTICATED });
  t.match(await register(controlPlane, { tls: true }, cart), { code: status.UNAUTHENTICATED });
});
