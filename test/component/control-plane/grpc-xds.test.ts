/**
 * A real gRPC client that speaks xDS itself, against our control plane, which it reaches over the socket of the state
 * directory: it resolves a service by its name, follows its endpoints and its routes, and has nothing to refuse.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  type Client,
  credentials,
  makeGenericClientConstructor,
  Server,
  ServerCredentials,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import t, { type Test } from 'tap';
import { grpcBootstrap } from '../../../cli/bootstrap/grpc-bootstrap.ts';
import { until } from '../../until.ts';
import { Agent } from './fixtures/agent.ts';
import { apply, call, startTestControlPlane } from './fixtures/start.ts';

const GREETER: ServiceDefinition = {
  greet: {
    path: '/test.Greeter/Greet',
    requestStream: false,
    responseStream: false,
    requestSerialize: (text: string) => Buffer.from(text),
    requestDeserialize: (bytes: Buffer) => bytes.toString(),
    responseSerialize: (text: string) => Buffer.from(text),
    responseDeserialize: (bytes: Buffer) => bytes.toString(),
  },
};

const MESH = `services:
  greeter-v1: {command: 'true', deploy: {replicas: 0}, x-outrider: {service: greeter, version: v1, protocol: grpc}}
  greeter-v2: {command: 'true', deploy: {replicas: 0}, x-outrider: {service: greeter, version: v2, protocol: grpc}}
`;
const GREET_TO_V1 = `apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: {name: greeter}
spec:
  parentRefs: [{kind: Service, name: greeter}]
  rules:
    - matches: [{method: {service: test.Greeter, method: Greet}}]
      backendRefs: [{name: greeter-v1}]
    - matches: [{method: {service: test.Greeter}}, {method: {method: Greet}}, {method: {type: RegularExpression, method: G.+}}]
      backendRefs: [{name: greeter-v2}]
`;
const PREFIX_TO_V2 = `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: greeter}
spec:
  parentRefs: [{kind: Service, name: greeter}]
  rules:
    - {matches: [{path: {value: /test.Greet}}, {method: GET}, {queryParams: [{name: q, value: x}]}], backendRefs: [{name: greeter-v1}]}
    - {matches: [{path: {value: /test.Greeter}, method: POST}], backendRefs: [{name: greeter-v2}]}
`;
const ALL_TO_V2 = `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: greeter}
spec:
  parentRefs: [{kind: Service, name: greeter}]
  rules:
    - backendRefs: [{name: greeter-v1, weight: 0}, {name: greeter-v2, weight: 100}]
`;

/** A gRPC server that answers with its name, and the agent that registers it. */
async function startGreeter(t: Test, address: string, id: string, workload: string): Promise<void> {
  const server = new Server();
  server.addService(GREETER, { greet: (_call: unknown, done: (error: null, text: string) => void) => done(null, id) });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
    error ? reject(error) : resolve(port),
  );
  const port = await promise;
  const agent = new Agent(address);
  await agent.register({ id, workload, services: [workload, 'greeter'], port });
  const beat = setInterval(() => agent.heartbeat(), 100);
  agent.heartbeat();
  t.teardown(() => {
    clearInterval(beat);
    agent.cut();
    server.forceShutdown();
  });
}

function greet(client: Client): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const { path, requestSerialize, responseDeserialize } = GREETER.greet!;
  client.makeUnaryRequest(
    path,
    requestSerialize,
    responseDeserialize,
    'hello',
    { deadline: Date.now() + 2000 },
    (error, text) => (error ? reject(error) : resolve(text as string)),
  );
  return promise;
}

t.test('a gRPC client resolves a service, follows it, and refuses nothing', async (t) => {
  // A socket's path must be short.
  const stateDir = mkdtempSync(path.join(tmpdir(), 'outrider-grpc-'));
  const controlPlane = await startTestControlPlane(stateDir, { loadReportingMs: 300 });
  t.teardown(async () => {
    await controlPlane.stop({ workloads: 'stop' });
    rmSync(stateDir, { recursive: true, force: true });
  });
  await apply(controlPlane, MESH, '?file=mesh.yaml&dir=/mesh');
  await startGreeter(t, controlPlane.grpcAddress, 'greeter-v1-0', 'greeter-v1');
  await startGreeter(t, controlPlane.grpcAddress, 'greeter-v2-0', 'greeter-v2');
  const socket = path.join(stateDir, 'xds.sock');
  t.equal(statSync(socket).mode & 0o777, 0o600);
  process.env.GRPC_XDS_BOOTSTRAP_CONFIG = JSON.stringify(
    grpcBootstrap({ nodeId: 'grpc-client', zone: 'test', controlPlane: { kind: 'socket', path: socket } }),
  );
  const { register } = await import('@grpc/grpc-js-xds');
  register();
  const GreeterClient = makeGenericClientConstructor(GREETER, 'test.Greeter');
  const client = new GreeterClient('xds:///greeter', credentials.createInsecure());
  t.teardown(() => client.close());

  const answers = new Set<string>();
  await until('both instances to answer', async () => answers.add(await greet(client)).size === 2);
  t.same([...answers].sort(), ['greeter-v1-0', 'greeter-v2-0']);

  await apply(controlPlane, ALL_TO_V2, '?wait=10');
  // The client acknowledges a moment before it uses the routes.
  await until('all calls to go to v2', async () => {
    const routed = await Promise.all(Array.from({ length: 20 }, () => greet(client)));
    return routed.every((name) => name === 'greeter-v2-0');
  });

  await startGreeter(t, controlPlane.grpcAddress, 'greeter-v2-1', 'greeter-v2');
  await until('the new instance to answer', async () => (await greet(client)) === 'greeter-v2-1');

  await call(controlPlane, 'DELETE', '/v1/resources/httproute/greeter');
  await apply(controlPlane, GREET_TO_V1, '?wait=10');
  await until('the most specific match to win', async () => {
    const routed = await Promise.all(Array.from({ length: 20 }, () => greet(client)));
    return routed.every((name) => name === 'greeter-v1-0');
  });

  await call(controlPlane, 'DELETE', '/v1/resources/grpcroute/greeter');
  await apply(controlPlane, PREFIX_TO_V2, '?wait=10');
  await until('the path to decide', async () => {
    const routed = await Promise.all(Array.from({ length: 20 }, () => greet(client)));
    return routed.every((name) => name.startsWith('greeter-v2'));
  });
  await call(controlPlane, 'DELETE', '/v1/resources/httproute/greeter');

  const names = ['greeter-v1', 'greeter-v2'];
  for (const name of names) await call(controlPlane, 'DELETE', `/v1/resources/workload/${name}`);
  await until('calls of what is gone to fail', () =>
    greet(client).then(
      () => false,
      () => true,
    ),
  );
  await apply(controlPlane, MESH, '?file=mesh.yaml&dir=/mesh&wait=10');
  await until('the same service to be back, for the same client', () =>
    greet(client).then(
      () => true,
      () => false,
    ),
  );

  const load = await until('a load report', async () => {
    const { body } = await call(controlPlane, 'GET', '/v1/load-stats');
    return (body as unknown as { client: string; cluster: string; succeeded: number }[]).find(
      ({ succeeded }) => succeeded > 0,
    );
  });
  t.match(load, { client: 'grpc-client', cluster: /^greeter/ });

  const { body } = await call(controlPlane, 'GET', '/v1/status');
  const node = (
    body.nodes as unknown as { id: string; types: Record<string, { acked: boolean; nacked?: unknown }> }[]
  ).find(({ id }) => id === 'grpc-client');
  t.same(Object.keys(node?.types ?? {}).sort(), ['CDS', 'EDS', 'LDS', 'RDS']);
  for (const [kind, { acked, nacked }] of Object.entries(node?.types ?? {}))
    t.match({ acked, nacked }, { acked: true, nacked: undefined }, kind);
});
