import t from 'tap';
import { forward, prefixMatch, route, routeTable, virtualHost } from '../../test/fakes/config-builders.ts';
import { seededRandom } from '../../test/fakes/fake-random.ts';
import { RouteTable } from '../routing/route-table.ts';
import { Runtime } from '../routing/runtime.ts';
import { type AskedEndpoint, explain } from './explain.ts';
import { readQuestion } from './question.ts';

const TABLE = new RouteTable(
  routeTable('out', [
    virtualHost(
      ['catalog'],
      [
        route(
          prefixMatch('/products', {
            headers: [
              {
                name: 'x-team',
                test: { kind: 'string', match: { kind: 'exact', value: 'blue', ignoreCase: false } },
                invert: false,
                missingAsEmpty: false,
              },
            ],
          }),
          forward('catalog-v2', { timeoutMs: 1_500 }),
          { name: 'blue' },
        ),
        route(prefixMatch('/products'), forward('catalog-v1')),
        route(prefixMatch('/old'), { kind: 'direct-response', status: 410, body: '' }),
      ],
    ),
  ]),
  new Runtime(),
  seededRandom(),
);

const ENDPOINTS: Readonly<Record<string, readonly AskedEndpoint[]>> = {
  'catalog-v1': [
    { key: '10.0.0.1:80', available: true, standing: '', active: 3 },
    { key: '10.0.0.2:80', available: false, standing: 'out of rotation (failed_outlier_check)', active: 0 },
  ],
};

function ask(text: string, table: RouteTable | null = TABLE): string {
  const question = readQuestion(new URLSearchParams(text));
  if (typeof question === 'string') return question;
  return explain(question, [{ name: 'outbound', table }], (name) => ENDPOINTS[name]);
}

t.test('the route, what it does, and how its endpoints are', (t) => {
  t.equal(
    ask('host=catalog&path=/products?page=2'),
    [
      'listener outbound',
      '    virtual host catalog',
      '    route 2 of 3: path begins with /products',
      '        forwards to cluster catalog-v1',
      '        within 15000 ms',
      '        without retries of its own',
      '    cluster catalog-v1: 1 of 2 endpoints in rotation',
      '        10.0.0.1:80 in rotation, 3 in flight',
      '        10.0.0.2:80 out of rotation (failed_outlier_check), 0 in flight',
      '',
    ].join('\n'),
  );
  const blue = ask('host=CATALOG&path=/products&method=POST&header=X-Team: blue');
  t.match(blue, /route 1 of 3, blue: path begins with \/products, header x-team exact "blue"/);
  t.match(blue, /cluster catalog-v2 does not exist/);
  t.match(ask('host=catalog&path=/old'), 'answers 410 from here');
  t.end();
});

t.test('what leads nowhere says how far it got', (t) => {
  t.match(ask('host=catalo'), 'no virtual host has the domain catalo: 404');
  t.match(ask('host=catalog&path=/x'), 'virtual host catalog: none of its 3 routes takes the request: 404');
  t.match(ask('host=catalog', null), 'its routes have not come yet: 404');
  t.end();
});

t.test('what is no request is refused by the rule that it breaks', (t) => {
  t.match(ask('path=/'), 'host is missing');
  t.match(ask('host=a&path=x y'), 'this is no request');
  t.match(ask('host=a&header=nothing'), 'header=nothing is no header');
  t.match(ask('host=a&header=b%3Ac%0D%0Ad%3Ae'), 'is no header');
  t.match(ask('host=a&path=/%0D%0Ax'), 'path holds a line end');
  t.match(ask('host=a&header=host: b'), 'this is no request');
  t.end();
});
