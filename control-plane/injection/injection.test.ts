import fc from 'fast-check';
import t from 'tap';
import { parseWebhookOptions } from '../webhook/options.ts';
import { answerReview } from '../webhook/review.ts';
import { sidecarBootstrap } from './bootstrap.ts';
import { decide } from './decide.ts';
import { inject } from './inject.ts';
import type { Pod } from './pod.ts';
import { celOf, expression } from './policy/cel.ts';
import { injectionPolicies } from './policy/policy.ts';
import { parseInjectionSettings } from './settings.ts';
import { container, POD_CASES, podOf, SETTINGS } from './test-fixtures.ts';
import { patched } from './test-patch.ts';

type Injected = Pod & { readonly spec: { readonly initContainers: readonly Record<string, unknown>[] } };

function injectedPod(pod: Pod): Injected {
  const injection = inject(pod, SETTINGS);
  if (injection.kind !== 'inject') throw new Error(JSON.stringify(injection));
  return patched(pod, injection.patch) as Injected;
}

function variables(pod: Injected): Record<string, unknown> {
  const containers: readonly Record<string, unknown>[] = pod.spec.initContainers;
  const env = containers.flatMap((each) => (each.env ?? []) as readonly { name: string; value?: string }[]);
  return Object.fromEntries(env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])));
}

t.test('every pod is injected once, left alone, or refused in a sentence', (t) => {
  for (const { name, pod, becomes } of POD_CASES) {
    const injection = inject(pod, SETTINGS);
    if (becomes === 'injected') {
      const once = injectedPod(pod);
      t.same(inject(once, SETTINGS), { kind: 'skip', why: 'injected' }, `${name}: asked again nothing happens`);
      t.equal(once.metadata?.annotations?.['outrider.dev/status'], 'injected', name);
      t.same(once.spec.containers.length, pod.spec.containers.length, name);
    } else if ('skipped' in becomes) t.same(injection, { kind: 'skip', why: becomes.skipped }, name);
    else
      t.ok(
        injection.kind === 'refuse' && injection.problem.includes(becomes.refused),
        `${name}: ${JSON.stringify(injection)}`,
      );
  }
  t.end();
});

t.test('the rules come first, then the sidecar, which is native, then what the pod starts with', (t) => {
  const own = [container({ name: 'migrate', ports: [] })];
  const { initContainers } = injectedPod(podOf({ initContainers: own })).spec;
  t.same(
    initContainers.map(({ name }) => name),
    ['outrider-intercept', 'outrider-proxy', 'migrate'],
  );
  const [intercept, proxy] = initContainers;
  t.match(proxy, { restartPolicy: 'Always', startupProbe: { httpGet: { path: '/ready', port: 15_020 } } });
  t.match(proxy!.securityContext, {
    runAsUser: 1337,
    runAsNonRoot: true,
    readOnlyRootFilesystem: true,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  });
  t.notOk(
    'add' in ((proxy!.securityContext as Record<string, object>).capabilities ?? {}),
    'the sidecar has no capability',
  );
  t.match(intercept!.securityContext, { capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] } });
  t.end();
});

t.test('the sidecar makes the kubelet’s probes, as they were', (t) => {
  const readinessProbe = { tcpSocket: { port: 'http' }, periodSeconds: 3 };
  const livenessProbe = { httpGet: { path: 'live$', port: 9090, scheme: 'HTTPS' }, timeoutSeconds: 2 };
  const pod = injectedPod(podOf({ containers: [container({ readinessProbe, livenessProbe })] }));
  const asked = (name: string) => ({ httpGet: { path: `/probe?name=${name}`, port: 15_020, scheme: 'HTTP' } });
  t.same(pod.spec.containers[0]!.readinessProbe, { periodSeconds: 3, ...asked('web-readiness') });
  t.same(pod.spec.containers[0]!.livenessProbe, { timeoutSeconds: 2, ...asked('web-liveness') });
  t.match(variables(pod), {
    OUTRIDER_HEALTH: 'port: 8080, timeout_ms: 1000, tcp: {}',
    OUTRIDER_PROBES:
      '"web-liveness": {port: 9090, timeout_ms: 2000, http: {path: "/live$$", tls: true, headers: {}}}, "web-readiness": {port: 8080, timeout_ms: 1000, tcp: {}}',
  });
  t.end();
});

t.test('a container that another webhook adds later gets the same', (t) => {
  const first = injectedPod(podOf({ containers: [container({ livenessProbe: { tcpSocket: { port: 'http' } } })] }));
  const late = container({ name: 'late', ports: [], startupProbe: { tcpSocket: { port: 7 } } });
  const pod = injectedPod({ ...first, spec: { ...first.spec, containers: [late, ...first.spec.containers] } });
  t.equal(
    variables(pod).OUTRIDER_PROBES,
    '"web-liveness": {port: 8080, timeout_ms: 1000, tcp: {}}, "late-startup": {port: 7, timeout_ms: 1000, tcp: {}}',
  );
  t.match(pod.spec.containers[0], {
    startupProbe: { httpGet: { path: '/probe?name=late-startup' } },
    lifecycle: { preStop: { sleep: { seconds: 5 } } },
  });
  t.equal(variables(pod).OUTRIDER_PORT, '8080', 'who it is has been said');
  t.same(inject(pod, SETTINGS), { kind: 'skip', why: 'injected' });
  t.end();
});

t.test('what is annotated counts', (t) => {
  const annotations = {
    port: '9090',
    'health-path': '/healthz',
    'stop-delay': '9',
    'exclude-inbound-ports': '9100',
    'exclude-outbound-ports': '5432,6379',
  };
  const pod = injectedPod(podOf({}, { annotations }));
  t.match(variables(pod), {
    OUTRIDER_WORKLOAD: 'cart',
    OUTRIDER_PORT: '9090',
    OUTRIDER_HEALTH: 'port: 9090, http: {path: "/healthz"}',
    OUTRIDER_EXCLUDE_INBOUND_PORTS: '15000,15020,9100',
    OUTRIDER_EXCLUDE_OUTBOUND_PORTS: '5432,6379',
  });
  t.same(pod.spec.containers[0]!.lifecycle, { preStop: { sleep: { seconds: 9 } } });
  t.equal(injectedPod(podOf({ terminationGracePeriodSeconds: 5 })).spec.containers[0]!.lifecycle, undefined);
  t.end();
});

t.test('a patch never touches what it does not know, whatever the pod', (t) => {
  const containers = fc.uniqueArray(
    fc.record(
      {
        name: fc.stringMatching(/^[a-z]{1,5}$/),
        image: fc.constant('x'),
        ports: fc.array(fc.record({ containerPort: fc.integer({ min: 1, max: 9999 }) }), { maxLength: 2 }),
        livenessProbe: fc.oneof(
          fc.record({ httpGet: fc.record({ port: fc.integer({ min: 1, max: 9999 }), path: fc.string() }) }),
          fc.record({ tcpSocket: fc.record({ port: fc.integer({ min: 1, max: 9999 }) }) }),
          fc.record({ exec: fc.constant({ command: ['true'] }) }),
        ),
        lifecycle: fc.record({ postStart: fc.constant({}) }),
      },
      { requiredKeys: ['name', 'image'] },
    ),
    { selector: ({ name }) => name, minLength: 1, maxLength: 6 },
  );
  const split = fc.tuple(containers, fc.nat(6), fc.boolean());
  fc.assert(
    fc.property(split, ([all, at, volumes]) => {
      const spec = {
        containers: all.slice(at),
        initContainers: all.slice(0, at),
        ...(volumes ? { volumes: [{ name: 'v' }] } : {}),
      };
      const pod = podOf(spec as never);
      if (spec.containers.length === 0) return;
      const after = injectedPod(pod);
      t.same(decide(after), { kind: 'skip', why: 'injected' });
      const names = (each: Pod) =>
        [...(each.spec.initContainers ?? []), ...each.spec.containers].map(({ name }) => name);
      if (names(after).slice(2).join() !== names(pod).join()) throw new Error('containers are missing');
      for (const each of after.spec.containers)
        if (each.livenessProbe?.tcpSocket !== undefined) throw new Error('a probe goes through interception');
    }),
    { numRuns: 200 },
  );
  t.end();
});

t.test('settings are read, with everything that is wrong with them', (t) => {
  const good = 'image: a\ninterceptImage: b\ncontrolPlane: ["cp:15010"]\n';
  t.match(parseInjectionSettings(good), { ok: true, value: { audience: 'outrider', dns: true, ca: null } });
  const bad = parseInjectionSettings(
    'image: 1\nintercptImage: b\ncontrolPlane: [cp]\nca: x\nipv6: maybe\nresources: {cpu: 1}\n',
  );
  t.equal(
    bad.ok ? '' : bad.error,
    [
      'there is no field intercptImage; did you mean interceptImage?',
      'image must be the name of an image',
      'interceptImage must be the name of an image',
      'controlPlane must be a list of HOST:PORT, at least one',
      'ca must be certificates in PEM, or null',
      'ipv6 must be true or false',
      'resources must have requests and limits, such as {requests: {cpu: 50m}, limits: {memory: 512Mi}}',
    ].join('\n'),
  );
  t.notOk(parseInjectionSettings('a: [').ok);
  t.notOk(parseInjectionSettings('').ok);
  t.end();
});

t.test('the bootstrap has one place for each variable, and nothing of a pod in it', (t) => {
  const text = sidecarBootstrap(SETTINGS);
  t.match(text, '"app_port":$(OUTRIDER_PORT),');
  t.match(text, '"health_check":{$(OUTRIDER_HEALTH)}');
  t.match(text, '"token_file":"/var/run/secrets/outrider/token"');
  t.notMatch(sidecarBootstrap({ ...SETTINGS, audience: null }), 'token_file');
  t.match(text, '"dns_port":15053');
  t.notMatch(sidecarBootstrap({ ...SETTINGS, dns: false }), 'dns_port');
  t.end();
});

t.test('JSON and marks become CEL', (t) => {
  const value = { a: 1, 'b"': [true, 'x\n', expression('variables.x')], c: {} };
  t.equal(celOf(value), '{"a": dyn(1), "b\\"": dyn([dyn(true), dyn("x\\n"), dyn(variables.x)]), "c": dyn({})}');
  const [policy] = injectionPolicies(SETTINGS, {});
  t.notMatch(JSON.stringify(policy), '\\u0001', 'no mark is left');
  t.end();
});

function review(change: object = {}, request: object = {}): string {
  const object = podOf();
  const asked = {
    uid: 'u1',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    operation: 'CREATE',
    namespace: 'shop',
    object,
  };
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: { ...asked, ...request },
    ...change,
  });
}

t.test('a review is answered with a patch, with nothing, or with a refusal', (t) => {
  const answered = (body: string) => {
    const answer = answerReview(body, SETTINGS);
    if (!answer.ok) throw new Error(answer.error);
    return answer.value;
  };
  const { outcome, review: reply } = answered(review());
  t.equal(outcome, 'injected');
  const { response } = reply as { response: { uid: string; allowed: boolean; patchType: string; patch: string } };
  t.match(response, { uid: 'u1', allowed: true, patchType: 'JSONPatch' });
  t.equal(decide(patched(podOf(), JSON.parse(Buffer.from(response.patch, 'base64').toString()))).kind, 'skip');
  t.match(answered(review({}, { object: podOf({ hostNetwork: true }) })), { outcome: 'host-network', problem: null });
  t.match(answered(review({}, { operation: 'UPDATE' })), { outcome: 'other' });
  t.match(answered(review({}, { kind: { kind: 'Node' }, object: null })), { outcome: 'other' });
  const refused = answered(review({}, { object: podOf({ securityContext: { runAsUser: 1337 } }) }));
  t.match(refused.review, {
    response: { allowed: false, status: { code: 422, message: /^the pod runs as user 1337/ } },
  });
  t.end();
});

t.test('what is no review is said in a sentence', (t) => {
  const object = (change: object) => review({}, { object: { ...podOf(), ...change } });
  for (const [body, error] of [
    ['{', /^the body is no JSON/],
    ['[]', /must be an AdmissionReview of admission.k8s.io\/v1/],
    [review({ apiVersion: 'admission.k8s.io/v1beta1' }), /must be an AdmissionReview/],
    [review({ request: null }), /has no request/],
    [review({}, { uid: '' }), /request.uid/],
    [review({}, { object: null }), /is no pod: it must be an object/],
    [object({ spec: {} }), /spec.containers must be a list/],
    [object({ spec: { containers: [{}] } }), /objects with a name/],
    [object({ metadata: { labels: { app: 1 } } }), /metadata.labels must be texts/],
    [object({ spec: { containers: [{ name: 'a', ports: 1 }] } }), /spec.containers has in a ports or probes/],
    [object({ spec: { containers: [{ name: 'a', livenessProbe: { httpGet: 3 } }] } }), /of another shape/],
  ] as const) {
    const answer = answerReview(body, SETTINGS);
    t.match(answer.ok ? 'accepted' : answer.error, error);
  }
  t.end();
});

t.test('no body makes it fail', (t) => {
  const names = [
    'metadata',
    'spec',
    'labels',
    'annotations',
    'containers',
    'initContainers',
    'volumes',
    'name',
    'ports',
  ];
  const more = ['livenessProbe', 'httpGet', 'tcpSocket', 'grpc', 'port', 'securityContext', 'lifecycle', 'httpHeaders'];
  const { tree } = fc.letrec((tie) => ({
    leaf: fc.oneof(fc.constantFrom(null, true, 0, 8080, 'web', ''), fc.array(tie('tree'), { maxLength: 2 })),
    tree: fc.oneof(
      { maxDepth: 6 },
      tie('leaf'),
      fc.dictionary(fc.constantFrom(...names, ...more), tie('tree'), { maxKeys: 5 }),
    ),
  }));
  const spec = fc.record({
    containers: fc.array(
      fc.tuple(tree).map(([each]) => ({ name: 'web', ...Object(each) })),
      { maxLength: 2 },
    ),
  });
  const object = fc.oneof(
    tree,
    fc.record({ metadata: tree, spec: fc.oneof(tree, spec) }),
    fc.record({ metadata: fc.constant({ labels: { app: 'a' } }), spec }),
  );
  fc.assert(
    fc.property(object, (each) => {
      answerReview(review({}, { object: each }), SETTINGS);
    }),
    { numRuns: 1_000 },
  );
  t.end();
});

t.test('the command line of the webhook', (t) => {
  const files = ['--settings', 's.yaml', '--tls-cert', 'c', '--tls-key', 'k'];
  t.match(parseWebhookOptions(files, '/in'), { value: { settings: '/in/s.yaml', listen: { port: 15_017 } } });
  for (const [argv, error] of [
    [[], /--settings is missing/],
    [files.slice(0, 2), /--tls-cert and --tls-key are missing/],
    [[...files, '--listen', 'x'], /must be HOST:PORT/],
    [[...files, '--log-level', 'loud'], /must be one of/],
    [[...files, '--setings', 'x'], /Did you mean --settings/],
  ] as const) {
    const parsed = parseWebhookOptions(argv, '/in');
    t.match(parsed.ok ? 'accepted' : parsed.error, error);
  }
  t.end();
});
