/**
 * From SQLite to a real etcd and back, by backup and restore: everything that was written, with its history, and clients
 * that are told of it.
 */
import path from 'node:path';
import t from 'tap';
import type { ControlPlane } from '../../../control-plane/app.ts';
import { apply, startTestControlPlane } from '../../component/control-plane/fixtures/start.ts';
import { testFolder } from '../../folder.ts';
import { until } from '../../until.ts';
import { EtcdCluster, NO_ETCD } from './cluster.ts';
import { ControlPlanes } from './control-planes.ts';

const MESH = `services:
  cart: {command: 'true', deploy: {replicas: 0}, x-outrider: {protocol: http}}
  catalog: {command: 'true', deploy: {replicas: 0}, x-outrider: {protocol: grpc}}
`;
const DOCUMENTS = ['kept', 'later']
  .map(
    (path) => `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${path} }
spec: { parentRefs: [{ kind: Service, name: cart }], rules: [{ matches: [{ path: { value: /${path} } }], backendRefs: [{ name: cart }] }] }
`,
  )
  .concat(`
apiVersion: outrider.dev/v1
kind: TrafficPolicy
metadata: { name: cart }
spec: { targetRef: { kind: Service, name: cart }, loadBalancing: { policy: RoundRobin } }
`);

/** A control plane, by its address. */
type Address = Pick<ControlPlane, 'httpAddress'>;

const TYPE = 'application/octet-stream';

async function backup({ httpAddress }: Address): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await fetch(`${httpAddress}/v1/backup`)).arrayBuffer());
}

async function restore({ httpAddress }: Address, body: Uint8Array<ArrayBuffer>): Promise<number> {
  const options = { method: 'POST', headers: { 'content-type': TYPE }, body };
  const response = await fetch(`${httpAddress}/v1/restore`, options);
  if (!response.ok) throw new Error(await response.text());
  return ((await response.json()) as { revision: number }).revision;
}

/** All that users wrote, without the revisions, and who changed what when. */
async function written({ httpAddress }: Address) {
  const get = async (page: string) => (await fetch(`${httpAddress}/v1/${page}`)).json() as Promise<unknown>;
  const pages = ['workload', 'httproute', 'trafficpolicy'].map((kind) => `resources/${kind}`);
  const documents = await Promise.all(pages.map(get));
  const plain = JSON.stringify([documents, await get('config/cart')], (name, value) =>
    name === 'revision' ? undefined : value,
  );
  return JSON.parse(plain) as unknown;
}

async function history({ httpAddress }: Address): Promise<readonly number[]> {
  const answer = (await (await fetch(`${httpAddress}/v1/history?limit=100`)).json()) as
    | { revision: number }[]
    | { entries: { revision: number }[] };
  return (Array.isArray(answer) ? answer : answer.entries).map(({ revision }) => revision);
}

t.test('from SQLite to etcd and back nothing is lost', { skip: NO_ETCD, timeout: 120_000 }, async (t) => {
  const folder = testFolder(t);
  const sqlite = async (name: string) => {
    const one = await startTestControlPlane(path.join(folder, name));
    t.teardown(() => one.stop({ workloads: 'keep' }));
    return one;
  };
  const first = await sqlite('first');
  await apply(first, MESH, '?file=mesh.yaml&dir=/mesh');
  for (const each of DOCUMENTS) await apply(first, each);
  const entry = { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{"value":"hi"}' };
  t.ok((await fetch(`${first.httpAddress}/v1/config/cart/BANNER`, entry)).ok);
  const then = await written(first);
  const revisions = await history(first);

  const cluster = await EtcdCluster.start(path.join(folder), 1);
  t.teardown(() => cluster.stop());
  const group = await ControlPlanes.start({ directory: folder, endpoints: cluster.endpoints, count: 2 });
  t.teardown(() => group.stop());
  const [one, other] = group.all.map(({ http }) => ({ httpAddress: http }));
  const moved = await restore({ httpAddress: (await group.leader()).http }, await backup(first));
  t.equal(moved, Math.max(...revisions) + 1, 'one revision more');
  for (const each of [one!, other!]) {
    await until('the restored state', async () => (await history(each)).length > revisions.length);
    t.same(await written(each), then);
    t.same(await history(each), [moved, ...revisions]);
  }

  const back = await sqlite('back');
  t.equal(await restore(back, await backup(other!)), moved + 1);
  t.same(await written(back), then);
  t.same(await history(back), [moved + 1, moved, ...revisions]);
});
