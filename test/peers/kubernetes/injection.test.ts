/**
 * Injection by a real API server: the webhook and the admission policies make the same pods, once, and refuse the same; what
 * happens while certificates are exchanged and while no webhook answers; and that nothing is left of an installation.
 */
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { POD_CASES, podOf } from '../../../control-plane/injection/test-fixtures.ts';
import { until } from '../../until.ts';
import { type ApiAnswer, type ApiClient, KINDS, type KubernetesObject } from './api-client.ts';
import { type Authority, issue, newAuthority } from './certificates.ts';
import { type Cluster, clusterMissing, startCluster } from './cluster.ts';
import {
  certificateFiles,
  install,
  installText,
  objectsIn,
  printed,
  printedText,
  startWebhookProcess,
  uninstall,
} from './installation.ts';

const OWN = ['outrider-intercept', 'outrider-proxy'];
const [MESH, PLAIN] = ['shop', 'plain'];

interface Named {
  readonly name: string;
}

function initNames(pod: KubernetesObject): string[] {
  const { initContainers = [] } = pod.spec as { readonly initContainers?: readonly Named[] };
  return initContainers.map(({ name }) => name);
}

/** How often it was injected. */
function injections(pod: KubernetesObject): number {
  const names = initNames(pod);
  const [intercept, proxy] = OWN.map((own) => names.filter((each) => each === own).length);
  if (intercept !== proxy) throw new Error(`half an injection: ${names.join()}`);
  return intercept!;
}

/** A pod as JSON for the API server. */
function inNamespace(pod: unknown, namespace: string): KubernetesObject {
  const object = pod as KubernetesObject;
  return { ...object, metadata: { ...object.metadata, namespace } };
}

async function tryPod(api: ApiClient, namespace = MESH!): Promise<ApiAnswer> {
  return api.create(inNamespace(podOf(), namespace), { dryRun: true });
}

function untilInjected(api: ApiClient): Promise<unknown> {
  return until('injection', async () => {
    const { status, body } = await tryPod(api);
    return status === 201 && injections(body) === 1;
  });
}

/** What two ways of injection have to agree on: all but what is random. */
function comparable({ metadata, spec }: KubernetesObject): unknown {
  const { labels, annotations } = metadata;
  return JSON.parse(
    JSON.stringify({ labels, annotations, spec }).replaceAll(/kube-api-access-\w+/g, 'kube-api-access'),
  );
}

async function namespaces(api: ApiClient): Promise<void> {
  const labels = { 'outrider.dev/inject': 'enabled' };
  for (const [name, more] of [
    [MESH, { labels }],
    [PLAIN, {}],
  ] as const)
    await api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: name!, ...more } });
  for (const name of [MESH, PLAIN]) await until(name!, () => api.get('ServiceAccount', name!, 'default'));
}

/** Another webhook, which comes after ours and adds a container that is probed, to whatever pod has none of that name. */
async function startAdder(t: Test): Promise<KubernetesObject> {
  const authority = newAuthority('adder');
  const late = { name: 'late', image: 'late:1', startupProbe: { tcpSocket: { port: 7 } } };
  const server = createServer(issue(authority, ['IP:127.0.0.1']), async (incoming, outgoing) => {
    const { request } = JSON.parse(await text(incoming)) as {
      readonly request: { readonly uid: string; readonly object: { readonly spec: { readonly containers: Named[] } } };
    };
    const isThere = request.object.spec.containers.some(({ name }) => name === 'late');
    const patch = isThere ? [] : [{ op: 'add', path: '/spec/containers/0', value: late }];
    const encoded = { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') };
    const response = { uid: request.uid, allowed: true, ...encoded };
    outgoing.setHeader('content-type', 'application/json');
    outgoing.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const webhook = {
    name: 'adder.example.com',
    admissionReviewVersions: ['v1'],
    clientConfig: { url: `https://127.0.0.1:${port}/`, caBundle: Buffer.from(authority.pem).toString('base64') },
    namespaceSelector: { matchLabels: { 'outrider.dev/inject': 'enabled' } },
    rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
    sideEffects: 'None',
  };
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: 'zz-adder' },
    webhooks: [webhook],
  };
}

function hasLate({ spec }: KubernetesObject): boolean {
  return (spec as { readonly containers: readonly Named[] }).containers.some(({ name }) => name === 'late');
}

/** What comes after our injection is completed by it, in the same request. */
async function runAfter(t: Test, api: ApiClient, adder: KubernetesObject, way: string): Promise<void> {
  await api.apply(adder);
  const { body } = await until('the other webhook', async () => {
    const answer = await tryPod(api);
    return hasLate(answer.body) && answer;
  });
  t.equal(injections(body), 1, `${way}: once`);
  const { containers } = body.spec as { readonly containers: readonly { readonly startupProbe?: object }[] };
  t.match(containers[0]!.startupProbe, { httpGet: { path: '/probe?name=late-startup', port: 15_020 } }, way);
  t.match(JSON.stringify(body.spec), '\\"late-startup\\": {port: 7, timeout_ms: 1000, tcp: {}}', way);
  await api.delete(adder);
  await until('its end', async () => !hasLate((await tryPod(api)).body));
}

/** Every case as a dry run: the pods by name of their case. */
async function runCases(t: Test, api: ApiClient): Promise<Map<string, unknown>> {
  const pods = new Map<string, unknown>();
  for (const { name, pod, becomes } of POD_CASES) {
    const { status, body } = await api.create(inNamespace(pod, MESH!), { dryRun: true });
    if (becomes === 'injected') {
      t.equal(status, 201, `${name}: ${body.message ?? 'created'}`);
      t.equal(injections(body), 1, name);
      t.same(initNames(body).slice(0, 2), OWN, `${name}: in front of its own`);
      pods.set(name, comparable(body));
    } else if ('skipped' in becomes) {
      t.equal(status, 201, `${name}: ${body.message ?? 'created'}`);
      t.equal(injections(body), 0, name);
      pods.set(name, comparable(body));
    } else {
      t.equal(status, 422, name);
      t.ok(body.message?.includes(becomes.refused), `${name}: ${body.message}`);
    }
  }
  t.equal((await api.list('Pod', MESH!)).length, 0, 'dry runs leave nothing');
  return pods;
}

const LABELS = { app: 'cart' };
const TEMPLATE = { metadata: { labels: LABELS }, spec: { containers: [{ name: 'web', image: 'web:1' }] } };

/** Through controllers, whose pods have no names yet, and again as they came out. */
async function runOwners(t: Test, api: ApiClient): Promise<void> {
  const job = { ...TEMPLATE, spec: { ...TEMPLATE.spec, restartPolicy: 'Never' } };
  for (const namespace of [MESH!, PLAIN!]) {
    const wanted = namespace === MESH ? 1 : 0;
    const owners: KubernetesObject[] = [
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'cart', namespace },
        spec: { replicas: 2, selector: { matchLabels: LABELS }, template: TEMPLATE },
      },
      { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'report', namespace }, spec: { template: job } },
    ];
    for (const each of owners) await api.apply(each);
    const pods = await until('pods', async () => {
      const found = await api.list('Pod', namespace);
      return found.length >= 3 && found;
    });
    for (const pod of pods) t.equal(injections(pod), wanted, `${namespace}: ${pod.metadata.name}`);
    const [{ metadata, spec }] = pods as [KubernetesObject];
    const copy = { ...metadata, name: 'copy', ownerReferences: [], resourceVersion: undefined, uid: undefined };
    const again = await api.create({ apiVersion: 'v1', kind: 'Pod', metadata: copy, spec }, { dryRun: true });
    t.equal(again.status, 201, again.body.message ?? 'created');
    t.equal(injections(again.body), wanted, 'what was injected is not injected again');
    for (const each of owners) await api.delete(each);
    for (const pod of pods) await api.delete(pod);
  }
  await until('their end', async () => (await api.list('Pod', MESH!)).length === 0);
}

/** Nothing of the mesh is anywhere, and pods stay as they are. */
async function isGone(t: Test, api: ApiClient): Promise<void> {
  for (const kind of KINDS) {
    const left = await api.list(kind, '', 'app.kubernetes.io/name=outrider');
    t.same(
      left.map(({ metadata }) => metadata.name),
      [],
      `no ${kind}`,
    );
  }
  await until('pods as they were', async () => injections((await tryPod(api)).body) === 0);
}

/** The configuration of the webhook, which asks a process of this machine instead of a Service. */
function configurationFor(installed: readonly KubernetesObject[], url: string, ca: string, change: object = {}) {
  const found = installed.find(({ kind }) => kind === 'MutatingWebhookConfiguration')!;
  const [webhook] = found.webhooks as [object];
  const clientConfig = { url: `${url}/inject`, caBundle: Buffer.from(ca).toString('base64') };
  return { ...found, webhooks: [{ ...webhook, clientConfig, ...change }] };
}

t.test('a real cluster injects', { skip: clusterMissing(), timeout: 400_000 }, async (t) => {
  const cluster: Cluster = await startCluster(t);
  const { api } = cluster;
  await namespaces(api);
  const authority: Authority = newAuthority('first');
  const directory = mkdtempSync(path.join(cluster.directory, 'print-'));
  const files = certificateFiles(directory, authority);

  const text = await printedText(directory, [...files, '--injector', 'policy']);
  const policies = objectsIn(text);
  await installText(api, text);
  await untilInjected(api);
  const byPolicy = await runCases(t, api);
  await runOwners(t, api);
  const adder = await startAdder(t);
  await runAfter(t, api, adder, 'policies');

  const installed = await printed(directory, files);
  const webhook = await startWebhookProcess(t, cluster, installed, authority);
  const configure = (ca: string, change = {}) => api.apply(configurationFor(installed, webhook.url, ca, change));
  await configure(authority.pem);
  // A sandwich of both: whoever comes second finds it done.
  await until('the webhook is asked', async () => {
    await tryPod(api);
    return (await webhook.metric('reviews_total{outcome="injected"}')) > 0;
  });
  t.equal(injections((await tryPod(api)).body), 1, 'both at once inject once');
  await uninstall(api, policies);

  await install(
    api,
    installed.filter(({ kind }) => kind !== 'MutatingWebhookConfiguration'),
  );
  await until('the webhook alone', async () => {
    const before = await webhook.metric('reviews_total{outcome="injected"}');
    const { body } = await tryPod(api);
    return injections(body) === 1 && (await webhook.metric('reviews_total{outcome="injected"}')) > before;
  });
  const system = await until('the pods of the mesh itself, under the Pod Security level restricted', async () => {
    const found = await api.list('Pod', 'outrider-system');
    return found.length >= 3 && found;
  });
  t.same(system.map(injections), [0, 0, 0], 'what injects is not injected');
  const byWebhook = await runCases(t, api);
  for (const [name, pod] of byPolicy) t.same(byWebhook.get(name), pod, `${name}: both ways make the same pod`);
  await runOwners(t, api);
  await runAfter(t, api, adder, 'webhook');
  t.equal(await webhook.metric('bad_requests_total{status="400"}'), 0, 'every review of the API server is understood');

  await t.test('certificates are exchanged, and no pod is refused', async (t) => {
    let done = false;
    const answers: ApiAnswer[] = [];
    const load = async () => {
      while (!done) answers.push(await tryPod(api));
    };
    const running = load();
    const more = async (count: number) => {
      const wanted = answers.length + count;
      await until('more pods', () => answers.length >= wanted);
    };
    await more(5);
    await webhook.exchange(authority);
    await more(10);
    const next = newAuthority('second');
    await configure(`${authority.pem}${next.pem}`);
    await more(10);
    await webhook.exchange(next);
    await more(10);
    await configure(next.pem);
    await more(20);
    done = true;
    await running;
    const refused = answers.filter(({ status, body }) => status !== 201 || injections(body) !== 1);
    t.same(
      refused.map(({ body }) => body.message),
      [],
      `none of ${answers.length}`,
    );
    await configure(newAuthority('stranger').pem);
    const { status, body } = await until('the new bundle', async () => {
      const answer = await tryPod(api);
      return answer.status !== 201 && answer;
    });
    t.equal(status, 500);
    t.match(body.message, /certificate signed by unknown authority/, 'the bundle counts');
    await configure(next.pem);
    await untilInjected(api);
  });

  await t.test('while no webhook answers, pods of the mesh wait, and others are created', async (t) => {
    const bundle = newAuthority('any').pem;
    t.equal(await webhook.stop(), 0, 'it ends in order');
    const { status, body } = await tryPod(api);
    t.equal(status, 500);
    t.match(body.message, /failed calling webhook "inject\.outrider\.dev".*connection refused/);
    t.equal((await tryPod(api, PLAIN)).status, 201, 'a namespace that has not opted in');
    const optedOut = podOf({}, { labels: { app: 'cart', 'outrider.dev/inject': 'disabled' } });
    t.equal((await api.create(inNamespace(optedOut, MESH!), { dryRun: true })).status, 201, 'a pod that opted out');
    await configure(bundle, { failurePolicy: 'Ignore' });
    const ignored = await until('failurePolicy', async () => {
      const answer = await tryPod(api);
      return answer.status === 201 && answer;
    });
    t.equal(injections(ignored.body), 0);
  });

  await uninstall(api, installed);
  await isGone(t, api);
});
