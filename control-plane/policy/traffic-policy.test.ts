import t from 'tap';
import { apply } from '../state/apply.ts';
import type { FaultPolicyDraft } from '../state/fault-policy.ts';
import { EMPTY_STATE } from '../state/model.ts';
import type { TrafficPolicy } from '../state/traffic-policy.ts';
import { msText } from './fields.ts';
import { lines, NOW_MS, parse, problemsOf, SERVICES } from './test-fixtures.ts';

const head = (kind: string) => `apiVersion: outrider.dev/v1\nkind: ${kind}\nmetadata: {name: cart}\n`;
const BYTES = 'services:\n  cart: {command: x, x-outrider: {protocol: tcp}}\n---\n';

function policyOf(spec: string): TrafficPolicy {
  const result = parse(`${SERVICES}${head('TrafficPolicy')}spec: {targetRef: {kind: Service, name: cart}, ${spec}}\n`);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value.find(({ kind }) => kind === 'trafficpolicy') as TrafficPolicy;
}

/** What is wrong with a policy of service `cart`, by path. */
function refusal(spec: string, kind = 'TrafficPolicy', services = SERVICES): string {
  return problemsOf(`${services}${head(kind)}spec: {targetRef: {kind: Service, name: cart}, ${spec}}\n`)
    .map(({ path, message, suggestion }) => `${path}: ${message}${suggestion === undefined ? '' : ` (${suggestion})`}`)
    .join('; ');
}

t.test('a TrafficPolicy is read with all that it may have', (t) => {
  const policy = policyOf(`
    loadBalancing: {policy: RingHash, boundedLoad: 125, localityWeighted: true, subsets: [{keys: [version], fallback: NoFallback}],
      hash: [{header: X-User, terminal: true}, {cookie: {name: c, ttl: 1h, path: /}}, {sourceIp: true}, {query: q}]},
    limits: {maxConnections: 9, maxRequests: 8, maxPending: 7, maxPendingWait: 250ms, perInstance: {maxRequests: 3}},
    outlierDetection: {consecutiveErrors: 3, interval: 5s, baseEjection: 2s, maxEjection: 1m, maxPercent: 30, successRate: {minPercent: 90}},
    serviceBreaker: {failurePercent: 40, slowAfter: 1s, slowPercent: 60, openFor: 10s},
    requestBreakers: [{template: 'GET /a.b/{id}', breaker: {probes: 2}, shared: true}, {template: /c/**}],
    retries: {attempts: 2, on: [connect-failure, 503], perTryTimeout: 1s, backoff: {base: 10ms, max: 1s}, budget: {percent: 10, minPerSecond: 1}, idempotencyHeaders: [Idempotency-Key]},
    hedging: {percentile: 90, maxExtraPercent: 5}, timeouts: {connect: 500ms, request: 2s, idle: 0s},
    fallbacks: [{lastGood: {maxAge: 1m}}, {service: group}, {static: {status: 200, body: '[]', contentType: application/json}}],
    inbound: {adaptiveLimit: {min: 5, max: 50}, deadline: true, rateLimit: {requestsPerSecond: 0.5, burst: 5},
      quotas: [{name: writes, requestsPerSecond: 10, match: {method: POST, headers: [{name: X, value: y}]}, perHeader: X-Tenant}]}`);
  t.match(policy, {
    service: 'cart',
    loadBalancing: {
      policy: 'RingHash',
      boundedLoadPercent: 125,
      hash: [
        { source: { kind: 'header', name: 'x-user' }, terminal: true },
        { source: { kind: 'cookie', name: 'c', ttlMs: 3_600_000, path: '/' }, terminal: false },
        { source: { kind: 'source-ip' } },
        { source: { kind: 'query', name: 'q' } },
      ],
      locality: { kind: 'weighted' },
    },
    limits: { maxPendingWaitMs: 250, perInstance: { maxRequests: 3, maxPending: null } },
    outlierDetection: { enabled: true, minSuccessPercent: 90, keepLast: null },
    requestBreakers: [
      { target: { kind: 'template', method: 'GET', pathRegex: '/a\\.b/[^/?]+' }, shared: true },
      { target: { method: null, pathRegex: '/c(?:/[^?]*)?' } },
    ],
    retries: { on: ['connect-failure'], codes: [503], idempotencyHeaders: ['idempotency-key'] },
    timeouts: { connectMs: 500, idleMs: 0, propagateDeadline: null },
    fallbacks: [{ kind: 'last-good', maxBytes: null }, { kind: 'service', service: 'group' }, { kind: 'static' }],
    inbound: {
      quotas: [{ name: 'writes', perHeader: 'x-tenant', match: { method: 'POST', headers: [{ name: 'x' }] } }],
    },
  });
  t.end();
});

t.test('what is impossible, out of its limits or without a meaning is refused where it stands', (t) => {
  for (const [spec, expected] of [
    ['limits: {maxRequest: 1}', /^spec\.limits\.maxRequest: unknown field "maxRequest" \(maxRequests\)$/],
    ['limits: {maxRequests: 0}', /must be a whole number from 1 to 1000000/],
    ['limits: {maxRequests: 5, perInstance: {maxRequests: 6}}', /perInstance\.maxRequests: 6 .* more than the 5/],
    ['limits: {maxPendingWait: 10}', /not a duration/],
    ['limits: {maxPendingWait: 6m}', /6m is not allowed: it must be 1ms to 5m/],
    ['loadBalancing: {policy: RingHsh}', /\(RingHash\)/],
    ['loadBalancing: {policy: RoundRobin, hash: [{header: a}]}', /loadBalancing\.hash: .* RingHash or Maglev alone/],
    ['loadBalancing: {hash: [{header: a}]}', /loadBalancing\.hash: .* RingHash or Maglev alone/],
    ['loadBalancing: {policy: LeastRequest, boundedLoad: 150}', /boundedLoad: .*alone/],
    ['loadBalancing: {policy: Maglev, slowStart: {window: 1s}}', /slowStart: means nothing with policy Maglev/],
    ['loadBalancing: {policy: Maglev, hash: [{header: a, query: b}]}', /hash\[0\]: needs one of/],
    ['loadBalancing: {policy: Maglev, hash: [{header: "a b"}]}', /is not a header name/],
    ['loadBalancing: {policy: PeakEwma, subsets: [{keys: [version]}]}', /subsets: cannot stand beside policy PeakEwma/],
    [
      'loadBalancing: {policy: PeakEwma, localityWeighted: true}',
      /localityWeighted: cannot stand beside policy PeakEwma/,
    ],
    ['loadBalancing: {policy: PeakEwma, zoneAware: {percent: 5}}', /zoneAware: cannot stand beside policy PeakEwma/],
    ['loadBalancing: {localityWeighted: true, zoneAware: true}', /zoneAware: stands beside/],
    ['loadBalancing: {subsets: [{keys: [versoin]}]}', /keys\[0\]: .*\(version\)/],
    ['outlierDetection: {maxPercent: 101}', /from 1 to 100/],
    ['outlierDetection: {baseEjection: 2m}', /baseEjection: 2m is more than maxEjection, 1m, the default/],
    ['outlierDetection: {baseEjection: 5s, maxEjection: 2s}', /baseEjection: 5s is more than maxEjection, 2s$/],
    ['outlierDetection: {enabled: false, interval: 1s}', /enabled: is false/],
    ['serviceBreaker: {failurePercent: 120}', /must be 0\.01 to 100/],
    ['serviceBreaker: {slowPercent: 20}', /needs "slowAfter"/],
    ['requestBreakers: [{template: "GET products"}]', /is no template/],
    ['requestBreakers: [{template: "FETCH /a"}]', /"FETCH" is not one of/],
    ['requestBreakers: [{template: "/a/x{id}"}]', /a whole segment/],
    ['requestBreakers: [{breaker: {}}]', /needs one of "template"/],
    ['requestBreakers: [{route: carts}]', /requestBreakers\[0\]\.route: service "cart" has no route "carts"/],
    ['retries: {attempts: 11}', /from 0 to 10/],
    ['retries: {attempts: 0, on: [5xx]}', /on: means nothing with 0 attempts/],
    ['retries: {on: [conect-failure]}', /\(connect-failure\)/],
    ['retries: {on: [600]}', /from 400 to 599/],
    ['retries: {perTryTimeout: 3s}, timeouts: {request: 2s}', /perTryTimeout: 3s .* the 2s of timeouts\.request$/],
    ['retries: {perTryTimeout: 20s}', /the 15s of timeouts\.request, the default/],
    ['retries: {backoff: {base: 2s, max: 1s}}', /base: 2s is more than max, 1s$/],
    ['hedging: {percentile: 100}', /must be 1 to 99\.99/],
    ['fallbacks: [{}]', /needs one of "static"/],
    ['fallbacks: [{service: crat}]', /fallbacks\[0\]\.service: there is no service "crat" \(cart\)/],
    ['fallbacks: [{static: {status: 100, body: x}}]', /from 200 to 599/],
    ['inbound: {adaptiveLimit: {min: 30}}', /min: 30 is more than initial, 20, the default/],
    ['inbound: {adaptiveLimit: {min: 9, max: 8, initial: 8}}', /min: 9 is more than max, 8$/],
    ['inbound: {adaptiveLimit: {maxWait: 1s}}', /needs "maxQueue"/],
    ['inbound: {quotas: [{name: a}]}', /"requestsPerSecond" is missing/],
    ['inbound: {quotas: [{requestsPerSecond: 1}, {requestsPerSecond: 2}]}', /"default" is the name of another/],
    [
      'inbound: {quotas: [{requestsPerSecond: 1, match: {path: {type: RegularExpression, value: "/(a+)+"}}}]}',
      /exponential/,
    ],
    ['inbound: {rateLimit: {requestsPerSecond: 10, burst: 5}}', /burst: 5 is less than/],
    ['inbound: {rateLimit: {requestsPerSecond: 20.5}}', /must be a whole number/],
  ] as const)
    t.match(refusal(spec), expected, spec);
  t.match(refusal(''), /says nothing of its service/);
  t.match(
    refusal('retries: {}, inbound: {}', 'TrafficPolicy', BYTES),
    /spec\.retries: is for requests.*spec\.inbound: is/,
  );
  t.match(refusal('loadBalancing: {policy: Maglev}', 'TrafficPolicy', BYTES), /loadBalancing\.policy: is for requests/);
  t.same(refusal('limits: {maxConnections: 5}', 'TrafficPolicy', BYTES), '');
  t.end();
});

t.test('all mistakes of a policy come out at once, with their places', (t) => {
  const text = `${SERVICES}${head('TrafficPolicy')}spec:
  targetRef: {kind: Servise, name: cart}
  retries:
    attempts: many
    on: [5xx, 5yy]
  limts: {}
`;
  t.same(lines(text), [
    '9:21 spec.targetRef.kind: "Servise" is not one of Service (Service)',
    '11:15 spec.retries.attempts: "many" is not a whole number',
    '12:15 spec.retries.on[1]: "5yy" is not one of 5xx, gateway-error, reset, reset-before-request, connect-failure, refused-stream, retriable-4xx, envoy-ratelimited, cancelled, deadline-exceeded, internal, resource-exhausted, unavailable',
    '13:3 spec.limts: unknown field "limts" (limits)',
  ]);
  t.equal(
    lines(text.replace('outrider.dev/v1', 'outrider.dev/v2'))[0],
    '5:13 apiVersion: "outrider.dev/v2" is not one of outrider.dev/v1 (outrider.dev/v1)',
  );
  t.match(lines(`${head('TraficPolicy')}`), ['2:7 kind: unknown kind "TraficPolicy" (TrafficPolicy)']);
  t.end();
});

t.test('a service has one TrafficPolicy: the younger is refused, with the name of the other', (t) => {
  const spec = 'spec: {targetRef: {kind: Service, name: cart}, timeouts: {request: 1s}}\n';
  const second = head('TrafficPolicy').replace('{name: cart}', '{name: more}');
  t.match(lines(`${SERVICES}${head('TrafficPolicy')}${spec}---\n${second}${spec}`), [
    '13:41 spec.targetRef.name: service "cart" has TrafficPolicy "cart" already: put both into one',
  ]);
  t.end();
});

t.test('a fault says when it ends, within a day', (t) => {
  const end = (fields: string) => refusal(`delay: {duration: 1s}, ${fields}`, 'FaultPolicy');
  t.match(end(''), /"for" \(at most 24h\) or "expiresAt" says when/);
  t.match(end('for: 10m, expiresAt: "2026-01-01T01:00:00Z"'), /one of the two must go/);
  t.match(end('for: 25h'), /must be 1s to 24h/);
  t.match(end('expiresAt: "2026-01-02T00:00:01Z"'), /expiresAt: is more than 24h ahead/);
  t.match(end('expiresAt: "2025-12-31T23:59:59Z"'), /expiresAt: is past/);
  t.match(end('expiresAt: tomorrow'), /is not a time/);
  t.equal(end('for: 10m'), '');
  t.match(refusal('for: 1m', 'FaultPolicy'), /makes no fault/);
  t.match(refusal('for: 1m, abort: {status: 503, grpcStatus: UNAVAILABLE}', 'FaultPolicy'), /needs one of/);
  t.match(refusal('for: 1m, abort: {grpcStatus: UNAVAILABEL}', 'FaultPolicy'), /\(UNAVAILABLE\)/);
  t.match(refusal('for: 1m, delay: {duration: 1s, percent: 0}', 'FaultPolicy'), /must be 0\.01 to 100/);
  t.match(refusal('for: 1m, delay: {duration: 1s}', 'FaultPolicy', BYTES), /speaks tcp/);

  const text = `${SERVICES}${head('FaultPolicy')}spec: {targetRef: {kind: Service, name: cart}, abort: {status: 503, percent: 5}, expiresAt: "2026-01-01T01:00:00+01:00"}`;
  t.match(lines(text), [/is past/]);
  const result = parse(text.replace('T01:', 'T02:'));
  const draft = (result.ok ? result.value : []).find(({ kind }) => kind === 'faultpolicy') as FaultPolicyDraft;
  t.match(draft, {
    lasts: { kind: 'until', atMs: NOW_MS + 3_600_000 },
    abort: { answer: { kind: 'http', status: 503 } },
  });
  const resources = result.ok ? result.value : [];
  const granted = apply(EMPTY_STATE, { kind: 'apply', origin: '/mesh/compose.yaml', prune: true, resources }, NOW_MS);
  if (!granted.ok) throw new Error(granted.error.message);
  t.match(granted.value.state.faultPolicies.get('cart'), { expiresAtMs: NOW_MS + 3_600_000 });
  const later = parse(text.replace('T01:', 'T02:'), granted.value.state, '/mesh/compose.yaml', NOW_MS + 7_200_000);
  t.ok(later.ok, 'what was granted once can be applied again');
  t.end();
});

t.test('durations are told as people write them', (t) => {
  t.same([0, 250, 1000, 90_000, 86_400_000, 1500].map(msText), ['0s', '250ms', '1s', '1m30s', '24h', '1s500ms']);
  t.end();
});
