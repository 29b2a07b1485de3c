/**
 * gRPC's Go client, which resolves xds:/// names by an xDS client of its own, against our control plane: what is added,
 * changed, taken away and brought back, and what no gRPC client can do. It has nothing to refuse.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js';
import t, { type Test } from 'tap';
import { grpcBootstrap } from '../../../cli/bootstrap/grpc-bootstrap.ts';
import { Agent } from '../../component/control-plane/fixtures/agent.ts';
import { apply, call, startTestControlPlane } from '../../component/control-plane/fixtures/start.ts';
import { until } from '../../until.ts';
import { missingGoPeers } from '../http2/go-peers.ts';
import { GoClient, type Outcomes } from './go-client.ts';

const skip = missingGoPeers('grpc-go-client');
const GREET = '/test.Greeter/Greet';
const GREETER: ServiceDefinition = {
  greet: {
    path: GREET,
    requestStream: false,
    responseStream: false,
    requestSerialize: (text: string) => Buffer.from(text),
    requestDeserialize: (bytes: Buffer) => bytes.toString(),
    responseSerialize: (text: string) => Buffer.from(text),
    responseDeserialize: (bytes: Buffer) => bytes.toString(),
  },
};

const workload = (name: string, outrider: string) =>
  `\n  ${name}: {command: 'true', deploy: {replicas: 0}, x-outrider: {${outrider}, protocol: grpc}}`;
const MESH = `services:${workload('greeter-v1', 'service: greeter, version: v1')}${workload('greeter-v2', 'service: greeter, version: v2')}\n`;
const OTHER = `services:${workload('other', 'port: 50051')}\n`;

const route = (kind: string, service: string, rules: string) => `
apiVersion: gateway.networking.k8s.io/v1
kind: ${kind}
metadata: { name: ${service} }
spec: { parentRefs: [{ kind: Service, name: ${service} }], rules: [${rules}] }
`;
const TO_V2 = route('HTTPRoute', 'greeter', '{ backendRefs: [{ name: greeter-v1, weight: 0 }, { name: greeter-v2 }] }');
const BLUE_TO_V1 = route(
  'GRPCRoute',
  'greeter',
  '{ matches: [{ headers: [{ name: x-team, value: blue }] }], backendRefs: [{ name: greeter-v1 }] }, { backendRefs: [{ name: greeter-v2 }] }',
);
/** What a gRPC client has no way to do: a redirect. */
const REDIRECT = route(
  'HTTPRoute',
  'other',
  '{ filters: [{ type: RequestRedirect, requestRedirect: { hostname: elsewhere.test } }] }',
);
const BALANCED = `
apiVersion: outrider.dev/v1
kind: TrafficPolicy
metadata: { name: greeter }
spec: { targetRef: { kind: Service, name: greeter }, loadBalancing: { policy: Maglev } }
`;

/** A gRPC server that answers with its name, and the agent that registers it. */
async function startGreeter(t: Test, address: string, id: string, services: readonly string[]): Promise<() => void> {
  const server = new Server();
  server.addService(GREETER, { greet: (_call: unknown, done: (error: null, text: string) => void) => done(null, id) });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
    error ? reject(error) : resolve(port),
  );
  const agent = new Agent(address);
  await agent.register({ id, workload: services[0]!, services: [...services], port: await promise });
  const beat = setInterval(() => agent.heartbeat(), 100);
  agent.heartbeat();
  const stop = () => {
    clearInterval(beat);
    agent.cut();
    server.forceShutdown();
  };
  t.teardown(stop);
  return stop;
}

t.test('gRPC’s Go client follows a mesh, and refuses nothing', { skip, timeout: 120_000 }, async (t) => {
  // A socket's path must be short.
  const folder = mkdtempSync(path.join(tmpdir(), 'outrider-go-'));
  const controlPlane = await startTestControlPlane(folder, {});
  t.teardown(async () => {
    await controlPlane.stop({ workloads: 'stop' });
    rmSync(folder, { recursive: true, force: true });
  });
  const socket = { kind: 'socket', path: path.join(folder, 'xds.sock') } as const;
  const client = new GoClient(
    grpcBootstrap({ nodeId: 'go-client', zone: 'test', controlPlane: socket }),
    path.join(folder, 'grpc.json'),
  );
  t.teardown(() => client.stop());
  const { grpcAddress } = controlPlane;
  await apply(controlPlane, MESH, '?file=mesh.yaml&dir=/mesh');
  await startGreeter(t, grpcAddress, 'v1-0', ['greeter-v1', 'greeter']);
  await startGreeter(t, grpcAddress, 'v2-0', ['greeter-v2', 'greeter']);
  const greet = (metadata = {}, service = 'greeter') => client.call(20, `xds:///${service}`, GREET, metadata);
  const sees = (what: string, fits: (outcomes: Outcomes) => boolean, metadata = {}, service = 'greeter') =>
    until(what, async () => fits(await greet(metadata, service)));
  const only = (...names: readonly string[]) => {
    return (outcomes: Outcomes) => Object.keys(outcomes).sort().join() === [...names].sort().join();
  };

  await sees('both instances', only('v1-0', 'v2-0'));
  await apply(controlPlane, TO_V2, '?wait=10');
  await sees('all at v2', only('v2-0'));
  await startGreeter(t, grpcAddress, 'v2-1', ['greeter-v2', 'greeter']);
  await sees('a new instance', only('v2-0', 'v2-1'));
  await apply(controlPlane, BALANCED, '?wait=10');
  await call(controlPlane, 'DELETE', '/v1/resources/httproute/greeter');
  await apply(controlPlane, BLUE_TO_V1, '?wait=10');
  await sees('a header to decide', only('v1-0'), { 'x-team': 'blue' });
  await sees('the rest', only('v2-0', 'v2-1'));

  await apply(controlPlane, OTHER, '?file=other.yaml&dir=/mesh');
  await startGreeter(t, grpcAddress, 'other-0', ['other']);
  await sees('another service', only('other-0'), {}, 'other');
  await apply(controlPlane, REDIRECT, '?wait=10');
  await sees('what it cannot do', only('Unavailable'), {}, 'other');
  await sees('nobody else to mind', only('v2-0', 'v2-1'));
  await call(controlPlane, 'DELETE', '/v1/resources/httproute/other');
  await sees('it to be mended', only('other-0'), {}, 'other');
  await call(controlPlane, 'DELETE', '/v1/resources/workload/other');
  await sees('it to be gone', only('Unavailable'), {}, 'other');
  await apply(controlPlane, OTHER, '?file=other.yaml&dir=/mesh&wait=10');
  await sees('it to be back', only('other-0'), {}, 'other');

  const { body } = await call(controlPlane, 'GET', '/v1/status');
  type Types = Record<string, { acked: boolean; nacked?: unknown }>;
  const node = (body.nodes as unknown as { id: string; types: Types }[]).find(({ id }) => id === 'go-client');
  t.same(Object.keys(node?.types ?? {}).sort(), ['CDS', 'EDS', 'LDS', 'RDS']);
  for (const [kind, { acked, nacked }] of Object.entries(node?.types ?? {}))
    t.match({ acked, nacked }, { acked: true, nacked: undefined }, kind);
  const metrics = await fetch(`${controlPlane.httpAddress}/metrics`);
  const refused = [...(await metrics.text()).matchAll(/^outrider_control_plane_xds_nacks_total\{.*\} (\d+)$/gm)];
  t.equal(
    refused.reduce((sum, [, count]) => sum + Number(count), 0),
    0,
    'it has refused nothing at any time',
  );
});
