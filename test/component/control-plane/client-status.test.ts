/** Client status discovery and load reports over real gRPC, and the same over REST and in the words of `outrider xds`. */
import { credentials } from '@grpc/grpc-js';
import t from 'tap';
import type { XdsClientSummary, XdsClientView } from '../../../cli/api-types.ts';
import { clientText, summaryTable } from '../../../cli/commands/xds.ts';
import { ClientResourceStatus } from '../../../protos/gen/envoy/admin/v3/config_dump_shared.ts';
import {
  LoadReportingServiceClient,
  LoadStatsRequest,
  type LoadStatsResponse,
} from '../../../protos/gen/envoy/service/load_stats/v3/lrs.ts';
import {
  type ClientConfig,
  ClientStatusDiscoveryServiceClient,
  ClientStatusRequest,
  type ClientStatusResponse,
  ConfigStatus,
} from '../../../protos/gen/envoy/service/status/v3/csds.ts';
import { until } from '../../until.ts';
import { startFactsMesh } from './fixtures/facts-mesh.ts';
import { call } from './fixtures/start.ts';

const { controlPlane, ads, delta, set } = await startFactsMesh(t);
const csds = new ClientStatusDiscoveryServiceClient(controlPlane.grpcAddress, credentials.createInsecure());
t.teardown(() => csds.close());

const nodeId = (exact: string) => ({
  nodeMatchers: [{ nodeId: { matchPattern: { $case: 'exact' as const, value: exact } } }],
});

function fetchStatus(request: Parameters<typeof ClientStatusRequest.fromPartial>[0]): Promise<ClientStatusResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<ClientStatusResponse>();
  csds.fetchClientStatus(ClientStatusRequest.fromPartial(request), (error, response) =>
    error === null ? resolve(response) : reject(error),
  );
  return promise;
}

function statesOf(config: ClientConfig | undefined): Record<string, string> {
  const words = Object.entries(ConfigStatus);
  const entries = (config?.genericXdsConfigs ?? []).map(
    ({ typeUrl, name, configStatus }) =>
      [`${typeUrl.split('.').at(-1)} ${name}`, words.find(([, number]) => number === configStatus)![0]] as const,
  );
  return Object.fromEntries(entries);
}

t.test('what is taken in, refused, unanswered and asked for in vain is told per resource', async (t) => {
  await set(['a', 'b', 'cart']);
  const node = { id: 'grpc-7' };
  const client = delta(t, node);
  client.answer = (response) => ('b' in response.versions && response.kind === 'CDS' ? 'b is bad' : undefined);
  client.ask('CDS', { subscribe: ['a', 'b', 'none'] });
  const status = async () => (await fetchStatus(nodeId(node.id))).config[0];
  await until('the halves', async () => statesOf(await status())['Cluster b'] === 'ERROR');
  t.same(statesOf(await status()), { 'Cluster a': 'SYNCED', 'Cluster b': 'ERROR', 'Cluster none': 'NOT_SENT' });
  const [a, b, none] = (await status())!.genericXdsConfigs;
  const now = Date.now() / 1000;
  t.match(a, { versionInfo: /^[0-9a-f]{16}$/, clientStatus: ClientResourceStatus.ACKED });
  t.ok(Math.abs(a!.lastUpdated!.seconds - now) < 60);
  t.ok(a!.xdsConfig!.value.length > 0);
  t.match(b, { clientStatus: ClientResourceStatus.NACKED, errorState: { details: 'b is bad' } });
  t.match(none, { versionInfo: '', clientStatus: ClientResourceStatus.DOES_NOT_EXIST });
  client.answer = ({ kind }) => (kind === 'EDS' ? null : undefined);
  client.ask('EDS', { subscribe: ['a'] });
  await client.next('EDS');
  t.equal(statesOf(await status())['ClusterLoadAssignment a'], 'STALE');

  const { body } = await call(controlPlane, 'GET', `/v1/clients/${node.id}`);
  t.match(body.streams, [
    { protocol: 'delta', resources: [{ kind: 'CDS', name: 'a', status: 'SYNCED' }, { status: 'ERROR' }, {}, {}] },
  ]);
  const text = clientText(body as unknown as XdsClientView);
  t.match(text, /^CDS +b +error/m);
  t.match(text, /^CDS +none +unknown name/m);
  t.match(text, /^CDS b was refused at \S+: b is bad$/m);
  const clients = (await call(controlPlane, 'GET', '/v1/clients')).body as unknown as XdsClientSummary[];
  t.match(summaryTable(clients), /^grpc-7 .* delta +CDS 1 synced, 1 error, 1 unknown name; EDS 1 stale$/m);
  t.equal((await call(controlPlane, 'GET', '/v1/clients/nobody')).status, 404);
});

t.test('a stream gives an answer to each request; contents can be left out, clients chosen', async (t) => {
  await set(['a', 'cart']);
  const [first, second] = [ads(t, { id: 'one' }), ads(t, { id: 'two' })];
  for (const client of [first, second]) {
    client.subscribe('CDS');
    await client.next('CDS');
  }
  const stream = csds.streamClientStatus();
  const answers: ClientStatusResponse[] = [];
  stream.on('data', (answer) => answers.push(answer));
  const failed = new Promise<Error>((resolve) => stream.once('error', resolve));
  const ask = async (request: Parameters<typeof ClientStatusRequest.fromPartial>[0]) => {
    stream.write(ClientStatusRequest.fromPartial(request));
    const answer = await until('an answer', () => answers.shift());
    return answer.config;
  };
  const all = await ask({});
  t.same(
    all.map(({ node }) => node?.id),
    ['one', 'two'],
  );
  t.same(statesOf(all[0]), { 'Cluster a': 'SYNCED', 'Cluster cart': 'SYNCED' });
  const value = { matchPattern: { $case: 'prefix', value: 'TW' }, ignoreCase: true } as const;
  const chosen = await ask({ nodeMatchers: [{ nodeId: value }], excludeResourceContents: true });
  t.same(
    chosen.map(({ node }) => node?.id),
    ['two'],
  );
  t.equal(chosen[0]!.genericXdsConfigs[0]!.xdsConfig, undefined);
  stream.write(ClientStatusRequest.fromPartial({ nodeMatchers: [{}] }));
  t.match(await failed, { code: 3, message: /node_matchers\[0\]\.node_id is missing/ });
});

t.test(
  'a client is told what to report and how often, again when that changes, and its reports are kept',
  async (t) => {
    await set(['a', 'cart']);
    const lrs = new LoadReportingServiceClient(controlPlane.grpcAddress, credentials.createInsecure());
    t.teardown(() => lrs.close());
    const open = () => {
      const stream = lrs.streamLoadStats();
      const told: LoadStatsResponse[] = [];
      stream.on('data', (response) => told.push(response));
      const ended = new Promise<Error>((resolve) => stream.once('error', resolve));
      return { stream, told, ended };
    };
    const { stream, told } = open();
    t.teardown(() => stream.cancel());
    stream.write(LoadStatsRequest.fromPartial({ node: { id: 'grpc-9', userAgentName: 'gRPC' } }));
    const wanted = await until('the wish', () => told.shift());
    t.match(wanted, { clusters: ['a', 'cart'], sendAllClusters: false, loadReportingInterval: { seconds: 10 } });
    const locality = (zone: string, done: number) => ({
      locality: { zone },
      totalIssuedRequests: done + 3,
      totalSuccessfulRequests: done,
      totalErrorRequests: 1,
      totalRequestsInProgress: 2,
    });
    const stats = (clusterName: string) => ({
      clusterName,
      upstreamLocalityStats: [locality('x', 40), locality('y', 58)],
      totalDroppedRequests: 5,
      loadReportInterval: { seconds: 10, nanos: 0 },
    });
    const report = LoadStatsRequest.fromPartial({ clusterStats: [stats('a'), stats('nobodys')] });
    stream.write(report);
    stream.write(report);
    const loads = async () => (await call(controlPlane, 'GET', '/v1/load-stats')).body as unknown as object[];
    await until('both reports', async () => (await metric('reports_total')) === 2);
    t.match(await loads(), [
      {
        client: 'grpc-9',
        userAgent: 'gRPC',
        cluster: 'a',
        intervalMs: 10_000,
        issued: 104,
        succeeded: 98,
        failed: 2,
        dropped: 5,
        inProgress: 4,
        requestsPerSecond: 10,
      },
    ]);
    t.equal(await metric('ignored_total'), 2);
    t.equal(await metric('requests_total{cluster="a",outcome="success"}'), 196);
    t.equal(told.length, 0);
    await set(['a', 'b', 'cart']);
    stream.write(report);
    t.same((await until('another wish', () => told.shift())).clusters, ['a', 'b', 'cart']);

    const all = open();
    t.teardown(() => all.stream.cancel());
    const clientFeatures = ['envoy.lrs.supports_send_all_clusters'];
    all.stream.write(LoadStatsRequest.fromPartial({ node: { id: 'envoy-1', clientFeatures } }));
    t.match(await until('the wish', () => all.told.shift()), { clusters: [], sendAllClusters: true });
    t.equal(await metric('streams'), 2);
    stream.end();
    await until('the end of its stream', async () => (await loads()).length === 0);
    t.equal(await metric('requests_total{cluster="a",outcome="success"}'), 294, 'what it did counts');
    const nobody = open();
    nobody.stream.write(LoadStatsRequest.fromPartial({}));
    t.match(await nobody.ended, { code: 3, message: /node\.id is empty/ });
  },
);

async function metric(name: string): Promise<number | undefined> {
  const text = await (await fetch(`${controlPlane.httpAddress}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`outrider_control_plane_lrs_${name} `));
  return line === undefined ? undefined : Number(line.split(' ').at(-1));
}
