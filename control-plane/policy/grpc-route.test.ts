import t from 'tap';
import { EMPTY_STATE, type State, type Workload } from '../state/model.ts';
import type { GrpcRoute, HttpRoute } from '../state/routes.ts';
import { lines, parse, ROUTE_HEAD, SERVICES } from './test-fixtures.ts';

const GRPC_ROUTE_HEAD = ROUTE_HEAD.replace('HTTPRoute', 'GRPCRoute');

t.test('a GRPCRoute is read with all that it may have', (t) => {
  const result = parse(`${SERVICES}${GRPC_ROUTE_HEAD}spec:
  parentRefs: [{kind: Service, name: cart, port: 80}]
  rules:
    - name: checkout
      matches:
        - method: {service: shop.v1.Cart, method: Add_2}
          headers: [{name: X-Team, value: blue}, {type: RegularExpression, name: x-id, value: '\\d+'}]
        - method: {type: RegularExpression, service: 'shop\\..+'}
        - headers: [{name: x-any, value: '1'}]
      filters:
        - {type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: a, value: 1}]}}
        - {type: ResponseHeaderModifier, responseHeaderModifier: {remove: [b]}}
      backendRefs: [{name: cart, port: 80, weight: 9}, {name: group}]
    - backendRefs: [{name: cart}]
`);
  const route = (result.ok ? result.value : []).find((each) => each.kind === 'grpcroute') as GrpcRoute;
  t.match(route, {
    name: 'cart',
    parents: ['cart'],
    rules: [
      {
        matches: [
          {
            method: { kind: 'exact', service: 'shop.v1.Cart', method: 'Add_2' },
            headers: [
              { name: 'x-team', kind: 'exact', value: 'blue' },
              { name: 'x-id', kind: 'regex', value: '\\d+' },
            ],
          },
          { method: { kind: 'regex', service: 'shop\\..+', method: null }, headers: [] },
          { method: null, headers: [{ name: 'x-any' }] },
        ],
        filters: [
          { kind: 'request-headers', set: [{ name: 'a', value: '1' }], add: [], remove: [] },
          { kind: 'response-headers', remove: ['b'] },
        ],
        backends: [
          { service: 'cart', port: 80, weight: 9 },
          { service: 'group', port: null, weight: 1 },
        ],
      },
      { matches: [{ method: null, headers: [] }], filters: [] },
    ],
  });
  t.end();
});

t.test('a GRPCRoute with mistakes is refused', (t) => {
  const refusal = (spec: string) =>
    lines(`${SERVICES}${GRPC_ROUTE_HEAD}spec: ${spec}\n`)
      .map((line) => line.replace(/^\d+:\d+ spec\.(rules\[0\]\.?)?/, ''))
      .join('; ');
  const rule = (text: string) => refusal(`{parentRefs: [{kind: Service, name: cart}], rules: [${text}]}`);
  const method = (text: string) => rule(`{matches: [{method: ${text}}], backendRefs: [{name: cart}]}`);
  t.equal(method('{service: shop.Cart, methud: Add}'), 'matches[0].method.methud: unknown field "methud" (method)');
  t.match(method('{}'), /names neither "service" nor "method"/);
  t.match(method('{type: Exact}'), /names neither "service" nor "method"/);
  t.match(method('{type: Prefix, service: a}'), /"Prefix" is not one of Exact, RegularExpression/);
  t.match(method('{service: a/b}'), /"a\/b" is no gRPC service: use letters, digits/);
  t.match(method('{service: a..b}'), /"a\.\.b" is no gRPC service/);
  t.match(method('{service: ""}'), /"" is no gRPC service/);
  t.match(method('{method: a.b}'), /"a\.b" is no gRPC method/);
  t.match(method('{method: 5}'), /5 is not a string/);
  t.match(method(`{service: ${'a'.repeat(1025)}}`), /has 1025 characters: at most 1024 are allowed/);
  t.match(method('{type: RegularExpression, method: ""}'), /is empty: leave the field out/);
  t.match(method('{type: RegularExpression, method: "^Get"}'), /has an anchor/);
  t.match(method('{type: RegularExpression, method: "Get$"}'), /has an anchor/);
  t.match(method('{type: RegularExpression, method: "(?=a)"}'), /RE2/);
  t.equal(method("{type: RegularExpression, method: 'a\\$'}"), '');
  t.match(rule('{}'), /has no backendRefs: name at least one Service/);
  t.match(rule('{backendRefs: [{name: cart}], matches: [{path: {value: /a}}]}'), /"path" is not part of a GRPCRoute/);
  t.match(rule('{backendRefs: [{name: cart}], timeouts: {request: 1s}}'), /"timeouts" is not part of a GRPCRoute/);
  t.match(
    rule('{backendRefs: [{name: cart}], filters: [{type: RequestRedirect, requestRedirect: {}}]}'),
    /"RequestRedirect" is not one of RequestHeaderModifier, ResponseHeaderModifier, RequestMirror; .*unknown field "requestRedirect"/,
  );
  t.match(rule('{backendRefs: [{name: cart}], filters: [{extensionRef: {}}]}'), /"extensionRef" is not supported yet/);
  t.match(
    refusal('{parentRefs: [{kind: Service, name: cart}], hostnames: [a], rules: [{backendRefs: [{name: crt}]}]}'),
    /"hostnames" does not apply/,
  );
  t.equal(rule('{backendRefs: [{name: crat}]}'), 'backendRefs[0].name: there is no service "crat" (cart)');
  t.end();
});

t.test('a service is routed by routes of one kind; which came first decides', (t) => {
  const of = (kind: string, name: string, parent: string) =>
    `---\napiVersion: gateway.networking.k8s.io/v1\nkind: ${kind}\nmetadata: {name: ${name}}\nspec:\n  parentRefs: [{kind: Service, name: ${parent}}]\n  rules: [{backendRefs: [{name: cart}]}]\n`;
  const services = SERVICES.replace('---\n', '');
  const refused =
    '16:38 spec.parentRefs[0].name: service "cart" is routed by HTTPRoute "a", and GRPCRoutes are never merged with it: make them one kind';
  t.same(lines(services + of('HTTPRoute', 'a', 'cart') + of('GRPCRoute', 'b', 'cart')), [refused]);
  t.same(lines(services + of('HTTPRoute', 'a', 'cart') + of('GRPCRoute', 'a', 'group')), [], 'each has its own names');
  t.same(lines(services + of('GRPCRoute', 'a', 'cart') + of('GRPCRoute', 'b', 'cart')), []);

  const written = parse(services + of('HTTPRoute', 'a', 'cart'));
  const [workload, group, http] = (written.ok ? written.value : []) as unknown as [Workload, Workload, HttpRoute];
  const origin = '/mesh/routes.yaml';
  const state: State = {
    ...EMPTY_STATE,
    workloads: new Map([workload, group].map((each) => [each.name, { ...each, origin: '' }])),
    routes: new Map([['a', { ...http, origin }]]),
  };
  const grpc = of('GRPCRoute', 'b', 'cart');
  t.match(lines(grpc, state)[0], /^6:38 .* is routed by HTTPRoute "a"/);
  t.ok(parse(grpc, state, origin).ok, 'the same file without it deletes it');
  t.end();
});
