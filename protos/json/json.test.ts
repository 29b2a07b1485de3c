import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import t from 'tap';
import { Bootstrap } from '../gen/envoy/config/bootstrap/v3/bootstrap.ts';
import { Cluster } from '../gen/envoy/config/cluster/v3/cluster.ts';
import type { MessageTypes } from '../gen/registry.ts';
import { findBrokenConstraints } from './constraint.ts';
import { formatPath, type Issue } from './issue.ts';
import { nearestName } from './nearest.ts';
import { readJson } from './read-json.ts';
import { codecNamed, knownTypeNames, packAny, unpackAny } from './registry.ts';
import { messageNamed } from './schema.ts';
import { findUnhonoured, type HonouredTable } from './unhonoured.ts';
import { hasOwnJsonForm } from './well-known.ts';
import { writeJson } from './write-json.ts';

type Name = keyof MessageTypes;

const BOOTSTRAP = 'envoy.config.bootstrap.v3.Bootstrap';
const CLUSTER = 'envoy.config.cluster.v3.Cluster';
const HCM = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const LISTENER = 'envoy.config.listener.v3.Listener';
const ROUTE_ACTION = 'envoy.config.route.v3.RouteAction';
const TCP_PROXY = 'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy';

/** Issues as `path: message`; none when the JSON was read. */
function problems(name: Name, json: unknown): string[] {
  const result = readJson(name, json);
  return result.ok ? [] : result.issues.map(line);
}

/** The message; throws when it cannot be read. */
function read<N extends Name>(name: N, json: unknown): MessageTypes[N] {
  const result = readJson(name, json);
  if (!result.ok) throw new Error(result.issues.map(line).join('; '));
  return result.message;
}

function broken(name: Name, json: unknown): string[] {
  return findBrokenConstraints(name, read(name, json)).map(line);
}

function line(issue: Issue): string {
  return `${issue.path}: ${issue.message}`;
}

t.test('generated objects have exactly the properties of the schema', (t) => {
  for (const name of knownTypeNames()) {
    if (hasOwnJsonForm(name)) continue;
    const decoded = codecNamed(name)!.decode(Buffer.alloc(0)) as object;
    const expected = new Set(messageNamed(name).fields.map((field) => field.oneof?.property ?? field.property));
    t.same(new Set(Object.keys(decoded)), expected.add('_unknownFields'), name);
  }
  t.end();
});

t.test('the bootstraps of the Envoy suite are read, and survive bytes and JSON', (t) => {
  const cases = readEnvoyCases();
  t.equal(cases.length, 201);
  const refused = new Map<string, string[]>();
  for (const { id, bootstrap } of cases) {
    const result = readJson(BOOTSTRAP, bootstrap);
    const issues = result.ok ? findBrokenConstraints(BOOTSTRAP, result.message) : result.issues;
    if (issues.length > 0) refused.set(id, issues.map(line));
    if (!result.ok) continue;
    const decoded = Bootstrap.decode(Bootstrap.encode(result.message).finish());
    const again = read(BOOTSTRAP, writeJson(BOOTSTRAP, decoded));
    if (!isDeepStrictEqual(again, result.message)) t.fail(`${id} changed on its way`);
  }
  t.same([...refused.keys()], ['refuse-unknown-field', 'refuse-match-missing']);
  t.match(refused.get('refuse-unknown-field'), [
    /^static_resources\.clusters\[0\]\.no_such_field: Cluster has no field/,
  ]);
  t.match(refused.get('refuse-match-missing'), [/virtual_hosts\[0\]\.routes\[0\]\.match: match is required$/]);
  t.end();
});

t.test('both spellings of a name are read, and the path is in snake_case with the steps as they were written', (t) => {
  t.same(read(CLUSTER, { connect_timeout: '1s' }), read(CLUSTER, { connectTimeout: '1s' }));
  const result = readJson(BOOTSTRAP, { staticResources: { clusters: [{ loadAssignment: { clusterName: 1 } }] } });
  t.match(result, {
    ok: false,
    issues: [
      {
        path: 'static_resources.clusters[0].load_assignment.cluster_name',
        segments: ['staticResources', 'clusters', 0, 'loadAssignment', 'clusterName'],
        message: 'a string is needed here, not 1',
      },
    ],
  });
  t.match(problems(CLUSTER, { connect_timeout: '1s', connectTimeout: '2s' }), [/connect_timeout is given twice/]);
  t.equal(formatPath(['a', 'envoy.filters.http.fault', 2, 'b']), 'a["envoy.filters.http.fault"][2].b');
  t.end();
});

t.test('all errors are reported, not only the first', (t) => {
  const json = {
    nam: 'a',
    connect_timeout: '1',
    lb_policy: 'ROUND_ROBBIN',
    health_checks: {},
    dns_refresh_rate: 5,
    respect_dns_ttl: 'yes',
    circuit_breakers: { thresholds: [{ max_requests: -1 }, { max_requests: 4294967296 }, { max_requests: 1.5 }] },
  };
  t.same(problems(CLUSTER, json), [
    'nam: Cluster has no field nam; did you mean name?',
    'connect_timeout: a duration such as "1.5s" is needed here, not "1"',
    'lb_policy: "ROUND_ROBBIN" is not a value of envoy.config.cluster.v3.Cluster.LbPolicy; did you mean ROUND_ROBIN?',
    'health_checks: a list is needed here, not an object',
    'dns_refresh_rate: a duration such as "1.5s" is needed here, not 5',
    'respect_dns_ttl: true or false is needed here, not "yes"',
    'circuit_breakers.thresholds[0].max_requests: -1 is outside uint32: 0 to 4294967295',
    'circuit_breakers.thresholds[1].max_requests: 4294967296 is outside uint32: 0 to 4294967295',
    'circuit_breakers.thresholds[2].max_requests: a whole number is needed here, not 1.5',
  ]);
  t.end();
});

t.test('a field that only Envoy has is told apart from one that nobody has', (t) => {
  t.same(problems(CLUSTER, { track_timeout_budgets: true, upstreamConfig: {} }), [
    'track_timeout_budgets: track_timeout_budgets of Cluster is deprecated in Envoy and not supported by Outrider',
    'upstream_config: upstream_config of Cluster is known to Envoy but not supported by Outrider',
  ]);
  t.end();
});

t.test('an Any is read by its type, and an unknown type names the close ones', (t) => {
  const any = { '@type': `type.googleapis.com/${TCP_PROXY}`, stat_prefix: 's', cluster: 'c' };
  const chain = (config: object) => ({ filter_chains: [{ filters: [{ name: 'f', typed_config: config }] }] });
  const config = read(LISTENER, chain(any)).filterChains[0]!.filters[0]!.configType!.value;
  t.match(unpackAny(TCP_PROXY, config), { statPrefix: 's', clusterSpecifier: { $case: 'cluster', value: 'c' } });
  t.equal(unpackAny(HCM, config), undefined, 'another type is not opened');
  t.same(writeJson(LISTENER, read(LISTENER, chain(any))), chain(any));
  t.match(problems(LISTENER, chain({ cluster: 'c' })), [/typed_config: "@type" is missing/]);
  t.match(problems(LISTENER, chain({ ...any, statprefix: 1 })), [
    /typed_config\.statprefix: .* did you mean stat_prefix\?/,
  ]);
  t.match(problems(LISTENER, chain({ '@type': 'x/envoy.filters.network.tcp_proxy.v3.TcpProxy' })), [
    new RegExp(`typed_config\\["@type"\\]: .* not a type that Outrider supports; close to it: ${TCP_PROXY}`),
  ]);
  t.end();
});

t.test('an Any of an unknown type is kept without its content where it is optional', (t) => {
  const FILTER_CONFIG = 'envoy.config.route.v3.FilterConfig';
  const config = { '@type': 'type.googleapis.com/some.Thing', a: 1 };
  const message = read(FILTER_CONFIG, { is_optional: true, config });
  t.match(message.config, { typeUrl: 'type.googleapis.com/some.Thing', value: Buffer.alloc(0) });
  t.match(problems(FILTER_CONFIG, { config }), [/config\["@type"\]: some\.Thing is not a type/]);
  const nested = { '@type': `type.googleapis.com/${FILTER_CONFIG}`, config };
  t.match(
    problems(FILTER_CONFIG, { is_optional: true, config: nested }),
    [/some\.Thing is not a type/],
    'itself alone',
  );
  t.end();
});

t.test('an Any of a type with a JSON form of its own keeps it under value', (t) => {
  const METADATA = 'envoy.config.core.v3.Metadata';
  const forms = {
    'google.protobuf.Duration': '0.300s',
    'google.protobuf.Timestamp': '2030-01-31T12:00:00.250Z',
    'google.protobuf.UInt32Value': 5,
    'google.protobuf.StringValue': 'x',
    'google.protobuf.Struct': { a: [1, null, { b: true }] },
    'google.protobuf.ListValue': [1, 'x'],
    'google.protobuf.Value': 'plain',
  };
  for (const [type, value] of Object.entries(forms)) {
    const json = { typed_filter_metadata: { key: { '@type': `type.googleapis.com/${type}`, value } } };
    t.same(writeJson(METADATA, read(METADATA, json)), json, type);
  }
  t.end();
});

t.test('an Any of an unknown type is written as base64', (t) => {
  const METADATA = 'envoy.config.core.v3.Metadata';
  const metadata = read(METADATA, {});
  metadata.typedFilterMetadata = { key: { typeUrl: 'type.googleapis.com/some.Thing', value: Buffer.from('abc') } };
  t.same(writeJson(METADATA, metadata), {
    typed_filter_metadata: { key: { '@type': 'type.googleapis.com/some.Thing', value: 'YWJj' } },
  });
  t.end();
});

t.test('two members of one oneof exclude each other', (t) => {
  t.same(problems(ROUTE_ACTION, { cluster_header: 'x', cluster: 'y' }), [
    'cluster: cluster excludes cluster_header, which is given too: only one cluster_specifier is allowed',
  ]);
  t.end();
});

t.test('durations, numbers as text, enums by number, base64 and null are read as proto3 JSON has them', (t) => {
  const read1 = (json: object) => read(CLUSTER, json);
  t.match(read1({ connect_timeout: '0.250s' }).connectTimeout, { seconds: 0, nanos: 250_000_000 });
  t.match(read1({ connect_timeout: '-1.5s' }).connectTimeout, { seconds: -1, nanos: -500_000_000 });
  for (const wrong of ['1', '1ms', '1.s', '.5s', '1.0000000001s', '315576000001s', ' 1s', 1]) {
    t.match(problems(CLUSTER, { connect_timeout: wrong }), [/a duration such as/], String(wrong));
  }
  t.equal(read1({ per_connection_buffer_limit_bytes: '100' }).perConnectionBufferLimitBytes, 100);
  t.equal(read1({ lb_policy: 5 }).lbPolicy, 5);
  t.match(problems(CLUSTER, { lb_policy: 99 }), [/one of ROUND_ROBIN, .* is needed here, not 99/]);
  t.equal(read1({ name: null, outlier_detection: null }).name, '');
  t.same(read('envoy.config.core.v3.HeaderValue', { key: 'a', raw_value: 'AP8=' }).rawValue, Buffer.from([0, 255]));
  t.match(problems('envoy.config.core.v3.HeaderValue', { raw_value: '!!' }), [/not base64 text/]);
  t.same(read('envoy.type.v3.Int64Range', { start: '-1', end: '9223372036854775807' }).end, '9223372036854775807');
  t.match(problems('envoy.type.v3.Int64Range', { end: '9223372036854775808' }), [/is outside int64/]);
  t.equal(read('envoy.type.v3.Percent', { value: 'Infinity' }).value, Infinity);
  t.end();
});

t.test('a wrong shape at the top is one error, not a crash', (t) => {
  for (const json of [undefined, 'x', 5, [], true]) t.match(problems(BOOTSTRAP, json), [/^: an object is needed here/]);
  let deep: object = {};
  for (let i = 0; i < 200; i++) deep = { not_rule: deep };
  t.match(problems('envoy.config.rbac.v3.Permission', deep), [/nested deeper than 100 levels/]);
  t.end();
});

t.test('constraints of the real definitions are checked', (t) => {
  t.same(broken(CLUSTER, { name: 'a', connect_timeout: '1s' }), []);
  t.same(broken(CLUSTER, { connect_timeout: '0s', lb_policy: 'CLUSTER_PROVIDED', dns_refresh_rate: '0.001s' }), [
    'name: must not be empty',
    'connect_timeout: 0s must be above 0ms',
    'dns_refresh_rate: 0.001s must be above 1ms',
  ]);
  t.same(broken(ROUTE_ACTION, {}), [': one of cluster, cluster_header, weighted_clusters is required']);
  t.same(broken('envoy.config.route.v3.VirtualHost', { name: 'v' }), ['domains: at least one entry is required']);
  t.same(broken('envoy.config.route.v3.DirectResponseAction', { status: 700 }), ['status: 700 must be below 600']);
  t.same(broken('envoy.config.core.v3.HeaderValueOption', { header: { key: 'a\nb' } }), [
    'header.key: "a\\nb" holds a character that a header cannot carry',
  ]);
  t.same(broken('envoy.config.route.v3.RouteMatch', { path_separated_prefix: '/a/' }), [
    'path_separated_prefix: "/a/" does not fit ^[^?#]+[^?#/]$',
  ]);
  t.end();
});

t.test('constraints inside of an Any are found with the whole path', (t) => {
  const filter = { name: 'f', typed_config: { '@type': `type.googleapis.com/${TCP_PROXY}`, idle_timeout: '1s' } };
  t.same(broken(LISTENER, { filter_chains: [{ filters: [filter] }] }), [
    'filter_chains[0].filters[0].typed_config.stat_prefix: must not be empty',
    'filter_chains[0].filters[0].typed_config: one of cluster, weighted_clusters is required',
  ]);
  t.end();
});

t.test('what is set and not honoured is reported with its path', (t) => {
  const honoured: HonouredTable = {
    messages: {
      [LISTENER]: ['name', 'filter_chains', 'drain_type=DEFAULT', 'enable_reuse_port=true'],
      'envoy.config.listener.v3.FilterChain': ['filters'],
      'envoy.config.listener.v3.Filter': ['*'],
      [TCP_PROXY]: ['stat_prefix', 'cluster'],
    },
    instead: { [`${TCP_PROXY}.max_connect_attempts`]: 'it connects once' },
  };
  const typed = {
    '@type': `type.googleapis.com/${TCP_PROXY}`,
    stat_prefix: 's',
    cluster: 'c',
    max_connect_attempts: 3,
  };
  const listener = {
    name: 'l',
    drain_type: 'MODIFY_ONLY',
    enable_reuse_port: false,
    address: { socket_address: { address: '127.0.0.1' } },
    filter_chains: [{ name: 'x', filters: [{ name: 'f', typed_config: typed }] }],
  };
  t.same(findUnhonoured(LISTENER, read(LISTENER, listener), honoured).map(line), [
    'address: address is not supported by Outrider',
    'filter_chains[0].filters[0].typed_config.max_connect_attempts: max_connect_attempts is not supported by Outrider; it connects once',
    'filter_chains[0].name: name is not supported by Outrider',
    'drain_type: drain_type MODIFY_ONLY is not supported by Outrider, only DEFAULT',
    'enable_reuse_port: enable_reuse_port false is not supported by Outrider, only true',
  ]);
  t.same(findUnhonoured(CLUSTER, read(CLUSTER, {}), honoured).map(line), [': Cluster is not supported by Outrider']);
  t.end();
});

t.test('a field outside of the subset survives decoding and is reported by its real name', (t) => {
  const trackTimeoutBudgets = Buffer.from([0xf8, 0x02, 0x01]);
  const unheardOf = Buffer.from([0xd0, 0x3e, 0x01]);
  const bytes = Buffer.concat([
    Cluster.encode(Cluster.fromPartial({ name: 'a' })).finish(),
    trackTimeoutBudgets,
    unheardOf,
  ]);
  const cluster = Cluster.decode(bytes);
  t.same(Cluster.encode(cluster).finish(), bytes, 'nothing is lost');
  t.same(findUnhonoured(CLUSTER, cluster, { messages: { [CLUSTER]: ['*'] } }, ['clusters', 0]).map(line), [
    'clusters[0].track_timeout_budgets: track_timeout_budgets of Cluster is deprecated in Envoy and not supported by Outrider',
    'clusters[0]: field number 1002 of Cluster is unknown',
  ]);
  t.end();
});

t.test('an Any is packed and unpacked', (t) => {
  const any = packAny('envoy.config.core.v3.ControlPlane', { identifier: 'a' });
  t.equal(any.typeUrl, 'type.googleapis.com/envoy.config.core.v3.ControlPlane');
  t.match(unpackAny('envoy.config.core.v3.ControlPlane', any), { identifier: 'a' });
  t.throws(() => unpackAny('envoy.config.core.v3.ControlPlane', { ...any, value: Buffer.from([0x0a, 0x7f]) }));
  t.end();
});

t.test('the nearest name is offered only when it is near', (t) => {
  t.equal(nearestName('clutser', ['cluster', 'clusters', 'listener']), 'cluster');
  t.equal(nearestName('banana', ['cluster', 'listener']), undefined);
  t.end();
});

/** The suite's bootstraps with numbers for the ports; other placeholders stay as they are. */
function readEnvoyCases(): { id: string; bootstrap: unknown }[] {
  const path = new URL('../../test/envoy-cases/cases.json', import.meta.url);
  const text = readFileSync(path, 'utf8').replaceAll(/"\$\{(LISTEN|ADMIN|UP)\d?\}"/g, '10000');
  return JSON.parse(text) as { id: string; bootstrap: unknown }[];
}
