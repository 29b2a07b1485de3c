import t from 'tap';
import { EMPTY_STATE, type Workload } from '../state/model.ts';
import type { HttpRoute } from '../state/routes.ts';
import { lines, parse, problemsOf, ROUTE_HEAD, SERVICES, workloadOf } from './test-fixtures.ts';
import { parseBytes, parseDurationMs, parseEnvLine, splitCommandLine, unescapeDollars } from './values.ts';

/** Problems of one field of a service, without their place. */
function refusal(field: string): string {
  return problemsOf(`services:\n  cart:\n    command: node cart.js\n${field.replace(/^/gm, '    ')}\n`)
    .map(({ path, message }) => `${path.replace('services.cart.', '')}: ${message}`)
    .join('; ');
}

function routeOf(spec: string): HttpRoute {
  const result = parse(`${SERVICES}${ROUTE_HEAD}spec: ${spec}\n`);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value.find((each) => each.kind === 'httproute') as HttpRoute;
}

function routeRefusal(spec: string): string {
  return problemsOf(`${SERVICES}${ROUTE_HEAD}spec: ${spec}\n`)
    .map(({ path, message, suggestion }) => `${path}: ${message}${suggestion === undefined ? '' : ` (${suggestion})`}`)
    .join('; ');
}

t.test('a service is read with all that it may have', (t) => {
  const workload = workloadOf(`
environment: {COLOUR: red, PRICE: 5$$, N: 010}
env_file: common.env
working_dir: app
ports: ['8080:80', '127.0.0.2:8081:81', 9000, {target: 80, published: 8082}]
depends_on: {}
deploy: {replicas: 3, resources: {limits: {cpus: '0.5', memory: 256M}}}
healthcheck: {test: ['CMD', 'curl', '-f', 'http://localhost:80/well?x=1'], interval: 1m30s, retries: 5}
stop_grace_period: 20s
labels: [team=checkout]
x-note: ignored
x-outrider: {service: shop, version: v2, port: 80, protocol: grpc, config: {limit: 5}}`);
  t.match(workload, {
    name: 'cart',
    services: ['cart', 'shop'],
    version: 'v2',
    command: ['node', 'cart.js'],
    environment: { A: '1', B: '2', COLOUR: 'red', PRICE: '5$', N: '010' },
    workingDir: '/mesh/app',
    port: 80,
    protocol: 'grpc',
    health: { probe: { kind: 'http', path: '/well?x=1' }, intervalMs: 90_000, timeoutMs: 1000, retries: 5 },
    replicas: 3,
    published: [
      { hostIp: '127.0.0.1', hostPort: 8080 },
      { hostIp: '127.0.0.2', hostPort: 8081 },
      { hostIp: '127.0.0.1', hostPort: 8082 },
    ],
    limits: { cpus: 0.5, memoryBytes: 256 * 1024 * 1024 },
    stopGraceMs: 20_000,
    labels: { team: 'checkout' },
    config: { limit: '5' },
  });
  t.end();
});

t.test('anchors and merges are followed, and what is written wins over what is merged in', (t) => {
  const result = parse(`
x-base: &base {command: node a.js, deploy: {replicas: 2}}
services:
  a: *base
  b: {<<: *base, command: node b.js}
`);
  t.ok(result.ok);
  const found = result.ok ? (result.value as Workload[]) : [];
  t.same(
    found.map(({ name, command, replicas }) => [name, ...command, replicas]),
    [
      ['a', 'node', 'a.js', 2],
      ['b', 'node', 'b.js', 2],
    ],
  );
  t.end();
});

t.test('every mistake is told with its place, and the nearest name', (t) => {
  const text = `services:
  cart:
    comand: node cart.js
    command: node cart.js
    deploy: {replicas: many, resources: {limit: {}}}
    ports: ['99999:80']
  Cart2: {command: x}
nonsense: 1
`;
  t.same(lines(text), [
    '3:5 services.cart.comand: unknown field "comand" (command)',
    '5:24 services.cart.deploy.replicas: "many" is not a whole number',
    '5:42 services.cart.deploy.resources.limit: unknown field "limit" (limits)',
    '6:13 services.cart.ports[0]: 99999 is not a port: 1 to 65535',
    '7:10 services.Cart2: workload "Cart2" is no DNS label; use lower case letters, digits and inner hyphens',
    '8:1 nonsense: unknown field "nonsense"',
  ]);
  t.end();
});

t.test('what Compose knows and the mesh does not honour is refused with a reason', (t) => {
  t.match(refusal('volumes: [a:b]'), /"volumes" needs containers/);
  t.match(refusal('secrets: [a]'), /"secrets" is not supported yet/);
  t.match(refusal('mem_limit: 5m'), /use deploy\.resources\.limits/);
  t.match(refusal('deploy: {update_config: {delay: 1s}}'), /"delay" is not supported yet/);
  t.match(refusal('deploy: {update_config: {order: first-start}}'), /first-start/);
  t.match(refusal('deploy: {update_config: {parallelism: 0}}'), /from 1 to 1000/);
  t.match(refusal('healthcheck: {test: [pg_isready]}'), /must be \["CMD", PROGRAM/);
  t.match(refusal('healthcheck: {test: [CMD]}'), /must be \["CMD", PROGRAM/);
  t.match(refusal('healthcheck: {test: [CMD-SHELL, a, b]}'), /CMD-SHELL takes one line/);
  t.match(refusal('healthcheck: {test: "test -f $HOME/x"}'), /variables are not filled in/);
  t.match(refusal('healthcheck: {interval: 1s}'), /has no test/);
  t.match(refusal('ports: ["8000-8010:80"]'), /ranges are not supported/);
  t.match(refusal('environment: [HOME]'), /nothing is taken from the shell/);
  t.match(refusal('entrypoint: run $HOME'), /variables are not filled in/);
  t.match(refusal('env_file: bad.env'), /line 1 of "bad\.env" is not KEY=value/);
  t.match(refusal('env_file: none.env'), /"none\.env" cannot be read/);
  t.match(refusal('deploy: {replicas: 1001}'), /1001 is not allowed: it must be a whole number from 0 to 1000/);
  t.match(refusal('x-outrider: {health: {path: healthz}}'), /must begin with \//);
  t.match(refusal('x-outrider: {health: {path: /, grpc: {}}}'), /has both path and grpc/);
  t.match(refusal('x-outrider: {health: {grpc: {servce: a}}}'), /servce/);
  t.match(refusal('depends_on: [cart]'), /in a circle: cart, cart/);
  t.match(lines('services: {cart: {image: x}}')[0], /has no command/);
  t.match(lines('services: {cart: {command: x}, x: {command: "it\'s"}}'), [/a quote is left open/]);
  t.end();
});

t.test('a health check runs what Compose says, and thresholds are Compose’s', (t) => {
  const healthOf = (test: string) => workloadOf(`healthcheck: ${test}`).health;
  t.match(healthOf('{test: pg_isready -q || exit 1}'), {
    probe: { kind: 'command', command: ['/bin/sh', '-c', 'pg_isready -q || exit 1'] },
    ...{ retries: 3, startPeriodMs: 0, startIntervalMs: null },
  });
  t.match(healthOf('{test: [CMD, test, -f, a b], retries: 1, start_period: 5s, start_interval: 100ms}'), {
    probe: { kind: 'command', command: ['test', '-f', 'a b'] },
    ...{ retries: 1, startPeriodMs: 5_000, startIntervalMs: 100 },
  });
  t.match(healthOf('{test: [CMD-SHELL, "echo $$PORT"]}')?.probe, { command: ['/bin/sh', '-c', 'echo $PORT'] });
  t.match(healthOf('{test: "curl -f http://localhost:80/well || exit 1"}')?.probe, { kind: 'http', path: '/well' });
  t.match(healthOf('{test: [CMD, node, check.js, "http://localhost/"]}')?.probe, { kind: 'command' });
  t.match(healthOf('{test: "curl http://elsewhere/"}')?.probe, { kind: 'command' });
  t.equal(healthOf('{test: [NONE]}'), null);
  t.equal(healthOf('{disable: true}'), null);
  t.end();
});

t.test('broken YAML, duplicates and unknown kinds are told', (t) => {
  t.match(lines('services: {a: [}')[0], /^1:16/);
  t.match(lines('services:\n  a: {command: x}\n  a: {command: y}')[0], /^3:3 .*unique/);
  t.match(lines('services: {a: {command: x}}\n---\nservices: {a: {command: y}}'), [
    '3:15 services.a: workload "a" is defined twice',
  ]);
  t.match(lines('apiVersion: v1\nkind: HttpRoute'), ['2:7 kind: unknown kind "HttpRoute" (HTTPRoute)']);
  t.match(lines('apiVersion: v1\nkind: GrpcRoute'), ['2:7 kind: unknown kind "GrpcRoute" (GRPCRoute)']);
  t.match(
    lines('apiVersion: x/v1\nkind: HTTPRoute\nmetadata: {name: a}\nspec: {parentRefs: [], rules: []}')[0],
    /^1:13 apiVersion: "x\/v1" is not one of/,
  );
  t.match(lines('- a'), [/a list is not a mapping/]);
  t.same(problemsOf('# nothing\n'), []);
  t.end();
});

t.test('a route is read with all that it may have', (t) => {
  const route = routeOf(`
  parentRefs: [{kind: Service, group: '', name: cart, port: 80}]
  rules:
    - matches:
        - path: {type: Exact, value: /a}
          headers: [{name: X-Team, value: blue}, {type: RegularExpression, name: x-id, value: '\\d+'}]
          queryParams: [{name: q, value: '1'}]
          method: GET
        - {path: {value: /b/}}
      filters:
        - {type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: a, value: 1}], remove: [b]}}
        - {type: URLRewrite, urlRewrite: {hostname: other, path: {type: ReplaceFullPath, replaceFullPath: /c}}}
      backendRefs: [{name: cart, port: 80, weight: 9}, {name: group}]
      timeouts: {request: 500ms}
    - filters: [{type: RequestRedirect, requestRedirect: {scheme: https, statusCode: 301}}]`);
  t.match(route, {
    name: 'cart',
    parents: ['cart'],
    rules: [
      {
        matches: [
          {
            path: { kind: 'exact', value: '/a' },
            method: 'GET',
            headers: [
              { name: 'x-team', kind: 'exact', value: 'blue' },
              { name: 'x-id', kind: 'regex', value: '\\d+' },
            ],
            query: [{ name: 'q', kind: 'exact', value: '1' }],
          },
          { path: { kind: 'prefix', value: '/b' }, method: null },
        ],
        filters: [
          { kind: 'request-headers', set: [{ name: 'a', value: '1' }], add: [], remove: ['b'] },
          { kind: 'rewrite', hostname: 'other', path: { kind: 'full', value: '/c' } },
        ],
        backends: [
          { service: 'cart', port: 80, weight: 9 },
          { service: 'group', port: null, weight: 1 },
        ],
        requestTimeoutMs: 500,
      },
      {
        matches: [{ path: { kind: 'prefix', value: '/' } }],
        filters: [{ kind: 'redirect', scheme: 'https', status: 301 }],
      },
    ],
  });
  t.end();
});

t.test('a route with mistakes is refused', (t) => {
  const rule = (text: string) => routeRefusal(`{parentRefs: [{kind: Service, name: cart}], rules: [${text}]}`);
  t.match(
    routeRefusal('{parentRefs: [{kind: Gateway, name: cart}], rules: [{backendRefs: [{name: cart}]}]}'),
    /"Gateway" is not one of Service/,
  );
  t.match(routeRefusal('{parentRefs: [{name: cart}], rules: [{backendRefs: [{name: cart}]}]}'), /"kind" is missing/);
  t.match(routeRefusal('{rules: [{backendRefs: [{name: cart}]}]}'), /"parentRefs" is missing/);
  t.match(routeRefusal('{parentRefs: [], hostnames: [a], rules: []}'), /has no rules.*does not apply/);
  t.match(rule('{}'), /has no backendRefs/);
  t.match(
    rule('{backendRefs: [{name: cart}], filters: [{type: RequestRedirect, requestRedirect: {}}]}'),
    /one of the two must go/,
  );
  t.match(rule('{backendRefs: [{name: cart, weigth: 1}]}'), /unknown field "weigth" \(weight\)/);
  t.match(rule('{backendRefs: [{name: cart}], matches: [{path: {type: RegularExpression, value: "(?=a)"}}]}'), /RE2/);
  t.match(
    rule('{backendRefs: [{name: cart}], matches: [{path: {type: RegularExpression, value: "/(a+)+"}}]}'),
    /matches\[0\]\.path\.value: .*exponential/,
  );
  t.match(rule('{backendRefs: [{name: cart}], matches: [{path: {value: a}}]}'), /must begin with \//);
  t.match(
    rule('{backendRefs: [{name: cart}], filters: [{type: RequestMiror}]}'),
    /is not one of RequestHeaderModifier.*\(RequestMirror\)/,
  );
  t.match(
    rule(
      '{backendRefs: [{name: cart}], matches: [{path: {type: Exact, value: /a}}], filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}}]}',
    ),
    /needs a PathPrefix/,
  );
  t.match(rule('{backendRefs: [{name: cart}], matches: [{path: {value: /a?b}}]}'), /"\/a\?b" is not a path/);
  t.match(rule('{backendRefs: [{name: cart}], matches: [{headers: [{name: a b, value: c}]}]}'), /not a header name/);
  const edit = (changes: string) =>
    rule(
      `{backendRefs: [{name: cart}], filters: [{type: RequestHeaderModifier, requestHeaderModifier: {${changes}}}]}`,
    );
  t.match(edit('remove: [a b]'), /remove\[0\]: "a b" is not a header name/);
  t.match(edit('set: [{name: Host, value: b}]'), /set\[0\]\.name: "host" is no header that can be edited.*URLRewrite/);
  t.match(edit('set: [{name: a, value: "b\\nc"}]'), /set\[0\]\.value: .*a header cannot carry/);
  t.end();
});

t.test('references must lead somewhere, in the text or in what is there already', (t) => {
  const rule = (backend: string, parent = 'cart') =>
    routeRefusal(`{parentRefs: [{kind: Service, name: ${parent}}], rules: [{backendRefs: [${backend}]}]}`);
  t.equal(rule('{name: crat}'), 'spec.rules[0].backendRefs[0].name: there is no service "crat" (cart)');
  t.equal(rule('{name: cart}', 'grop'), 'spec.parentRefs[0].name: there is no service "grop" (group)');
  t.equal(rule('{name: cart, port: 81}'), 'spec.rules[0].backendRefs[0].port: service "cart" has port 80, not 81 (80)');
  t.match(lines('services: {a: {command: x, depends_on: [b]}}'), [
    '1:40 services.a.depends_on: there is no workload "b"',
  ]);
  t.match(
    lines('services:\n  a: {command: x, depends_on: [b]}\n  b: {command: x, depends_on: [a]}')[0],
    /in a circle: a, b, a/,
  );

  const workload = { ...workloadOf('labels: {}'), origin: '/mesh/compose.yaml' } as Workload;
  const state = { ...EMPTY_STATE, workloads: new Map([['cart', workload]]) };
  const route = `${ROUTE_HEAD}spec: {parentRefs: [{kind: Service, name: cart}], rules: [{backendRefs: [{name: cart}]}]}`;
  t.match(lines(route, state)[0], /there is no service "cart"/, 'the file would delete it');
  t.ok(parse(route, state, '/mesh/routes.yaml').ok);
  t.end();
});

t.test('the small languages inside values are read', (t) => {
  t.same(['1m30s', '250ms', '1.5h', '0', '10', 's', '1 s'].map(parseDurationMs), [
    90_000,
    250,
    5_400_000,
    0,
    null,
    null,
    null,
  ]);
  t.same(['512', '1k', '256M', '1.5gb', '5x'].map(parseBytes), [512, 1024, 268_435_456, 1_610_612_736, null]);
  t.same(splitCommandLine(`sh -c "echo \\"a b\\"" 'c d'e f\\ g ''`), ['sh', '-c', 'echo "a b"', 'c de', 'f g', '']);
  t.equal(splitCommandLine('a "b'), null);
  t.same(['a$$b', '$$$$', '5$', '$A', '$${', '$$${A'].map(unescapeDollars), ['a$b', '$$', '5$', null, '${', null]);
  t.same(['', '# x', 'A=b=c', "A='b c'", 'A'].map(parseEnvLine), [
    'blank',
    'blank',
    { key: 'A', value: 'b=c' },
    { key: 'A', value: 'b c' },
    null,
  ]);
  t.end();
});

t.test('retries, sessions, mirrors and CORS of a route are checked', (t) => {
  const rule = (text: string) =>
    routeRefusal(`{parentRefs: [{kind: Service, name: cart}], rules: [{backendRefs: [{name: cart}], ${text}}]}`);
  const filter = (text: string) => rule(`filters: [${text}]`);
  t.match(rule('timeouts: {request: 1s, backendRequest: 2s}'), /backendRequest: 2s for one try is more than the 1s/);
  t.match(rule('timeouts: {backendRequest: 16s}'), /more than the 15s of the whole request, the default/);
  t.equal(rule('timeouts: {request: 0s, backendRequest: 16s}'), '');
  t.match(rule('retry: {codes: [200]}'), /codes\[0\]: 200 .* from 400 to 599/);
  t.match(rule('retry: {attempt: 1}'), /\(attempts\)/);
  t.match(rule('sessionPersistence: {type: Header}'), /kept by cookies \(Cookie\)/);
  t.match(rule('sessionPersistence: {absoluteTimeout: 1h}'), /set cookieConfig.lifetimeType to Permanent/);
  t.match(rule('sessionPersistence: {}'), /needs a TrafficPolicy with loadBalancing\.policy RingHash or Maglev/);
  t.match(
    filter('{type: RequestMirror, requestMirror: {backendRef: {name: crat}}}'),
    /filters\[0\].requestMirror.backendRef.name: there is no service "crat" \(cart\)/,
  );
  t.match(filter('{type: RequestMirror, requestMirror: {percent: 5}}'), /"backendRef" is missing/);
  t.match(
    filter('{type: RequestMirror, requestMirror: {backendRef: {name: cart}, percent: 5, fraction: {numerator: 1}}}'),
    /one of the two must go/,
  );
  t.match(
    filter(
      '{type: RequestMirror, requestMirror: {backendRef: {name: cart}, fraction: {numerator: 3, denominator: 2}}}',
    ),
    /from 0 to 2/,
  );
  t.match(filter('{type: CORS, cors: {allowOrigins: [a.b]}}'), /is not an origin such as/);
  t.match(
    filter('{type: CORS, cors: {allowOrigins: ["*"], allowMethods: ["*"], allowCredentials: true}}'),
    /allows nothing beside allowCredentials/,
  );
  t.match(rule('backendRefs: [{name: cart}]'), /Map keys must be unique|unique/);
  const backend = (text: string) =>
    routeRefusal(`{parentRefs: [{kind: Service, name: cart}], rules: [{backendRefs: [{name: cart, ${text}}]}]}`);
  t.match(
    backend('filters: [{type: RequestMirror, requestMirror: {}}]'),
    /"RequestMirror" is not one of RequestHeaderModifier/,
  );
  t.match(backend('x-subset: {verson: v1}'), /\(version\)/);
  t.match(backend('x-subset: {version: v1}'), /has no TrafficPolicy with loadBalancing.subsets of the keys version/);
  t.end();
});
