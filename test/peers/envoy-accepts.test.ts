/**
 * Everything that the control plane writes for Envoys, read by a real Envoy: nothing may be refused. Many cases go into one
 * look, since each costs a process; one that is refused is found by halves.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { envoyBootstrap } from '../../cli/bootstrap/envoy-bootstrap.ts';
import type { EnvoyNode } from '../../control-plane/translate/node.ts';
import { stateOf } from '../../control-plane/translate/test-fixtures.ts';
import { envoyResources, sharedResources } from '../../control-plane/translate/translate.ts';
import { SeededRandom, systemSeed } from '../../kernel/random.ts';
import {
  GRPC_TEXTS,
  HTTP_TEXTS,
  ODD_TEXTS,
  POLICY,
  POLICY_TEXTS,
} from '../component/control-plane/fixtures/policies.ts';
import { ENVOY } from '../envoy-cases/suite.ts';
import { instancesOf, staticResources } from '../mesh/mesh-bootstrap.ts';

const skip = existsSync(ENVOY) ? false : 'no Envoy: .ci/run installs it';
const COUNT = 40;

/** One service of each protocol, with the policy or the routes under test for each of many. */
const services = (count: number) =>
  `services:\n${Array.from({ length: count }, (_, i) => `  s${i}: {command: x, x-outrider: {protocol: ${['auto', 'http', 'http2', 'grpc'][i % 4]}}}\n`).join('')}` +
  '  cart: {command: x}\n  orders: {command: x}\n  mail: {command: x, x-outrider: {protocol: tcp}}\n---\n';

const document = (api: string, kind: string, service: string, spec: string) =>
  `apiVersion: ${api}\nkind: ${kind}\nmetadata: {name: ${service}}\nspec: {${spec}}\n---\n`;
const policy = (spec: string) => (service: string) =>
  document('outrider.dev/v1', 'TrafficPolicy', service, `targetRef: {kind: Service, name: ${service}}, ${spec}`);
const route = (kind: string, rules: string) => (service: string) =>
  document(
    'gateway.networking.k8s.io/v1',
    kind,
    service,
    `parentRefs: [{kind: Service, name: ${service}}], rules: [${rules}]`,
  );

/** One document, for the service that is named. */
type Case = (service: string) => string;

/** The mesh in which each of the cases is said of a service of its own. */
function meshOf(cases: readonly Case[]): string {
  return services(cases.length) + cases.map((each, i) => each(`s${i}`)).join('');
}

function isGranted(each: Case): boolean {
  // Each protocol, as it may be granted for one and not for another.
  return Array.from({ length: 4 }, (_, i) => services(4) + each(`s${i}`)).every((text) => {
    try {
      stateOf(text);
      return true;
    } catch {
      return false;
    }
  });
}

/** What Envoy says of it; undefined when it takes it. */
function refusal(text: string, file: string): string | undefined {
  const state = stateOf(text);
  const names = [...state.workloads.keys()];
  const registry = {
    instances: instancesOf(state, Object.fromEntries(names.map((name) => [name, [80]]))),
    preserving: false,
  };
  const node: EnvoyNode = {
    kind: 'envoy',
    id: 'e',
    outbound: { host: '127.0.0.1', port: 15_001 },
    inbound: { host: '127.0.0.1', port: 15_006, service: names[0]!, appPort: 80 },
    published: names.map((service, i) => ({ service, host: '0.0.0.0', port: 20_000 + i })),
  };
  const resources = [...sharedResources(state, registry, 'envoy'), ...envoyResources(state, node)];
  const bootstrap = envoyBootstrap({
    node,
    cluster: 'e',
    controlPlane: { kind: 'socket', path: '/x' },
    adminPort: 1,
    protocol: 'delta',
  });
  writeFileSync(
    file,
    JSON.stringify({ ...bootstrap, static_resources: staticResources(resources), dynamic_resources: {} }),
  );
  const { status, stderr } = spawnSync(ENVOY, ['--mode', 'validate', '-l', 'error', '-c', file], { encoding: 'utf8' });
  return status === 0 ? undefined : stderr.slice(0, 600);
}

/** The cases that Envoy refuses, each with what it says. */
function refused(cases: readonly Case[], file: string): string[] {
  const problem = refusal(meshOf(cases), file);
  if (problem === undefined) return [];
  if (cases.length === 1) return [`${cases[0]!('x').slice(0, 300)}: ${problem}`];
  const half = Math.ceil(cases.length / 2);
  return [...refused(cases.slice(0, half), file), ...refused(cases.slice(half), file)];
}

function chunks<T>(all: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / COUNT) }, (_, i) => all.slice(i * COUNT, (i + 1) * COUNT));
}

t.test('whatever of a policy is granted, an Envoy takes', { skip, timeout: 120_000 }, (t) => {
  const seed = new SeededRandom(systemSeed()).uint32();
  const specs = fc.sample(POLICY, { numRuns: 600, seed });
  const granted = specs.map((spec) => policy(JSON.stringify(spec).slice(1, -1))).filter(isGranted);
  t.ok(granted.length >= 40, `${granted.length} of ${specs.length} were granted, seed ${seed}`);
  for (const part of chunks(granted)) t.same(refused(part, path.join(t.testdir(), 'envoy.json')), []);
  t.end();
});

t.test('whatever text is granted, an Envoy takes', { skip, timeout: 120_000 }, (t) => {
  const places: ((text: string) => Case)[] = [
    ...HTTP_TEXTS.map((rule) => (text: string) => route('HTTPRoute', withText(rule, text))),
    ...GRPC_TEXTS.map((rule) => (text: string) => route('GRPCRoute', withText(rule, text))),
    ...POLICY_TEXTS.map((spec) => (text: string) => policy(withText(spec, text))),
  ];
  const granted = places.flatMap((place) => ODD_TEXTS.map(place)).filter(isGranted);
  t.ok(granted.length >= 100, `${granted.length} are granted`);
  for (const part of chunks(granted)) t.same(refused(part, path.join(t.testdir(), 'envoy.json')), []);
  t.end();
});

t.test('and the examples of the documentation', { skip, timeout: 60_000 }, (t) => {
  const named = `services:\n  catalog: {command: x}\n  catalog-next: {command: x}\n  cart: {command: x}\n  cart-v1: {command: x}\n  cart-v2: {command: x}\n  orders: {command: x}\n  shop: {command: x}\n  mail: {command: x, x-outrider: {protocol: tcp}}\n  mail-next: {command: x, x-outrider: {protocol: tcp}}\n---\n`;
  for (const file of ['routes.md', 'policies.md']) {
    const markdown = readFileSync(new URL(`../../docs/${file}`, import.meta.url), 'utf8');
    for (const [, example] of markdown.matchAll(/^```yaml\n(.*?)^```/gms))
      t.equal(refusal(named + example, path.join(t.testdir(), 'envoy.json')), undefined, example!);
  }
  t.end();
});

function withText(place: string, text: string): string {
  return place.replaceAll('TEXT', () => JSON.stringify(text));
}
