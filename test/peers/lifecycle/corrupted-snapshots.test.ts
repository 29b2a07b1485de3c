/**
 * A thousand corrupted resources pushed to a sidecar that carries traffic: a real process, over real gRPC. OUTRIDER_SEED
 * replays a run.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { bootstrapJson } from '../../../control-plane/orchestrator/driver/process/bootstrap.ts';
import { readyCounts } from '../../../control-plane/translate/endpoints.ts';
import { instance, stateOf } from '../../../control-plane/translate/test-fixtures.ts';
import { nodeResources, sharedResources } from '../../../control-plane/translate/translate.ts';
import { SeededRandom, systemSeed } from '../../../kernel/random.ts';
import { RESOURCE_TYPES, type ResourceKind, resourceTypeOfUrl } from '../../../protos/contract/resource-types.ts';
import type { DeltaDiscoveryRequest } from '../../../protos/gen/envoy/service/discovery/v3/discovery.ts';
import { readJson } from '../../../protos/json/read-json.ts';
import { type AnyMessage, codecNamed } from '../../../protos/json/registry.ts';
import { ScriptedAds } from '../../component/proxy/scripted-ads.ts';
import { testFolder } from '../../folder.ts';
import { ENV, OUTRIDER, until } from '../../integration/running-up.ts';
import { freePorts } from '../../integration/sidecar-of.ts';
import { Corruption } from './corruption.ts';
import { Load } from './mesh.ts';

const CERTAIN = 700;
const FREE = 300;
const GROWTH_BYTES_MAX = 96 * 2 ** 20;
const ANSWER_MS = 30_000;
const MESH = `services:
  shop: {command: x, x-outrider: {protocol: http}}
  catalog: {command: x, x-outrider: {protocol: http}}
  other: {command: x, x-outrider: {protocol: http}}
`;
const KINDS = ['CDS', 'EDS', 'LDS', 'RDS'] as const satisfies readonly ResourceKind[];

interface Wire {
  readonly kind: ResourceKind;
  readonly name: string;
  readonly resource: AnyMessage;
}

function encoded(kind: ResourceKind, name: string, json: unknown): Wire {
  const { messageName, typeUrl } = RESOURCE_TYPES[kind];
  const read = readJson(messageName, json);
  if (!read.ok) throw new Error(JSON.stringify(read.issues));
  const value = Buffer.from(codecNamed(messageName)!.encode(read.message).finish());
  return { kind, name, resource: { typeUrl, value } };
}

/** The server's side of a delta stream: what is asked for is sent, and answers are waited for by their nonce. */
class Dialogue {
  readonly #ads: ScriptedAds;
  readonly #resources = new Map<string, Wire>();
  readonly #answers = new Map<string, (request: DeltaDiscoveryRequest) => void>();
  readonly #asked = new Set<string>();
  #version = 0;

  constructor(ads: ScriptedAds, resources: readonly Wire[]) {
    this.#ads = ads;
    for (const each of resources) this.#resources.set(`${each.kind} ${each.name}`, each);
    void this.#listen();
  }

  /** Sends one resource, and resolves with what was said to it: null when it was taken. */
  async push({ kind, name, resource }: Wire, how = 'good'): Promise<string | null> {
    const { promise, resolve, reject } = Promise.withResolvers<DeltaDiscoveryRequest>();
    const nonce = this.#ads.sendDelta(kind, [{ name, version: String(++this.#version), resource }]);
    this.#answers.set(nonce, resolve);
    const timer = setTimeout(() => reject(new Error(`no answer to ${kind} ${name}: ${how}`)), ANSWER_MS);
    const { errorDetail } = await promise.finally(() => clearTimeout(timer));
    return errorDetail === undefined ? null : errorDetail.message;
  }

  async #listen(): Promise<void> {
    while (true) {
      const request = await this.#ads.deltaRequests.next();
      if (request.responseNonce !== '') this.#answers.get(request.responseNonce)?.(request);
      const kind = resourceTypeOfUrl(request.typeUrl)?.kind;
      if (kind === undefined) continue;
      const isFirst = !this.#asked.has(kind);
      this.#asked.add(kind);
      const names = request.resourceNamesSubscribe;
      const wildcard = kind === 'CDS' || kind === 'LDS';
      if (names.length === 0 && !(isFirst && wildcard)) continue;
      const own = [...this.#resources.values()].filter((each) => each.kind === kind);
      const wanted = wildcard ? own : own.filter(({ name }) => names.includes(name));
      const unknown = wildcard ? [] : names.filter((name) => !wanted.some((each) => each.name === name));
      this.#ads.sendDelta(
        kind,
        wanted.map(({ name, resource }) => ({ name, resource, version: 'first' })),
        unknown,
      );
    }
  }
}

async function startEndpoint(t: Test, text: string): Promise<number> {
  const server = createServer((_request, response) => response.end(text)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

function residentBytes(pid: number): number {
  return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
}

t.setTimeout(400_000);

t.test(
  'a thousand corrupted resources cost no request, are refused with a reason, and leave nothing behind',
  async (t) => {
    const seed = Number(process.env.OUTRIDER_SEED ?? systemSeed()[0]);
    t.comment(`OUTRIDER_SEED=${seed}`);
    const corruption = new Corruption(new SeededRandom(seed));
    const state = stateOf(MESH);
    const [catalog, other, late] = await Promise.all(
      ['catalog', 'other', 'late'].map((name) => startEndpoint(t, name)),
    );
    const ports = await freePorts();
    const instances = Object.entries({ catalog: catalog!, other: other!, shop: ports.inbound }).map(
      ([workload, port]) => instance(`${workload}-0`, { workload, services: [workload], protocol: 'http', port }),
    );
    const registry = { instances, preserving: false };
    const node = {
      ...({ kind: 'sidecar', id: 'shop-0', workload: 'shop', services: ['shop'], version: 'v1' } as const),
      ...{ outboundPort: ports.outbound, inboundPort: ports.inbound, appPort: ports.app },
    };
    const all = [...sharedResources(state, registry, 'sidecar'), ...nodeResources(state, readyCounts(registry), node)];
    const wires = all.filter(({ onDemand }) => !onDemand).map(({ kind, name, json }) => encoded(kind, name, json));
    const mesh = wires.filter(({ kind }) => (KINDS as readonly string[]).includes(kind));

    const ads = await new ScriptedAds().start();
    t.teardown(() => ads.stop());
    const dialogue = new Dialogue(ads, wires);
    const directory = testFolder(t);
    const file = join(directory, 'bootstrap.json');
    const controlPlane = { host: '127.0.0.1', port: ads.port };
    const access = { trust: null, tokenFile: null };
    const own = { directory, ...access, settingsFile: join(directory, 'settings.json'), environment: {} };
    const workload = state.workloads.get('shop')!;
    writeFileSync(
      file,
      JSON.stringify(bootstrapJson({ workload, index: 0, ports, controlPlanes: [controlPlane], ...own })),
    );
    const sidecar = spawn(process.execPath, [OUTRIDER, 'proxy', '-c', file, '-l', 'error'], {
      env: ENV,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    t.teardown(async () => {
      sidecar.kill('SIGKILL');
      if (sidecar.exitCode === null && sidecar.signalCode === null) await once(sidecar, 'exit');
    });
    const ask = async (host: string) => {
      const load = new Load({ port: ports.outbound, host, perSecond: 20 });
      await new Promise((resolve) => setTimeout(resolve, 200));
      await load.stop();
      return load.failures.length === 0 && load.answered > 0;
    };
    await until(
      () => ask('catalog'),
      30_000,
      () => 'the sidecar does not serve',
    );

    const load = new Load({ port: ports.outbound, host: 'catalog', perSecond: 200 });
    t.teardown(() => load.stop());
    for (let i = 0; i < 50; i++) await dialogue.push(corrupt(corruption.pick(mesh)));
    const before = residentBytes(sidecar.pid!);
    function corrupt(wire: Wire): Wire & { readonly how: string } {
      return { ...wire, ...corruption.certain(wire.kind, wire.resource) };
    }

    const taken: string[] = [];
    const silent: string[] = [];
    const ways = new Set<string>();
    for (let i = 0; i < CERTAIN; i++) {
      const wrong = corrupt(corruption.pick(mesh));
      const label = `${wrong.kind} ${wrong.name}: ${wrong.how}`;
      ways.add(`${wrong.kind} ${wrong.how}`);
      const reason = await dialogue.push(wrong, wrong.how);
      if (reason === null) {
        taken.push(label);
        await dialogue.push(mesh.find(({ kind, name }) => kind === wrong.kind && name === wrong.name)!);
      } else if (!reason.includes(wrong.kind)) silent.push(`${label}: ${reason}`);
    }
    t.same(taken, [], 'what is wrong for certain is refused');
    t.same(silent, [], 'and the reason says what');
    t.ok(ways.size > 20, `${ways.size} ways to be wrong`);

    const others = mesh.filter(({ kind, name }) => (kind === 'CDS' || kind === 'EDS') && name === 'other');
    let refused = 0;
    for (let i = 0; i < FREE; i++) {
      const good = corruption.pick(others);
      const { how, resource } = corruption.free(good.kind, good.resource);
      const reason = await dialogue.push({ ...good, resource }, how);
      if (reason !== null) refused++;
      if (reason === '') t.fail(`refused without a reason: ${good.kind}: ${how}`);
      const again = await dialogue.push(good);
      if (again !== null) t.fail(`the good one is refused after ${good.kind} ${how}: ${again}`);
    }
    t.ok(refused > FREE / 20 && refused < FREE, `${refused} of ${FREE} free ones were refused`);

    const set = encoded('EDS', 'other', {
      cluster_name: 'other',
      endpoints: [
        { lb_endpoints: [{ endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: late } } } }] },
      ],
    });
    t.equal(await dialogue.push(set), null, 'what is good is taken afterwards');
    t.ok(await ask('other'), 'and used');
    await load.stop();
    t.same(load.failures, [], `none of ${load.answered} requests failed`);
    const growth = residentBytes(sidecar.pid!) - before;
    t.ok(growth < GROWTH_BYTES_MAX, `memory grew by ${Math.round(growth / 2 ** 20)} MiB`);
    t.equal(sidecar.exitCode, null);
  },
);
