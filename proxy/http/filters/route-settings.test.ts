import t from 'tap';
import { forward, NO_EDITS, prefixMatch, route, routeTable, virtualHost } from '../../../test/fakes/config-builders.ts';
import { named } from '../../../test/fakes/fake-chain.ts';
import { seededRandom } from '../../../test/fakes/fake-random.ts';
import type { CorsPolicyConfig, PerFilterConfig, PerFilterConfigs } from '../../config/model/http-filter.ts';
import type { WeightedCluster } from '../../config/model/route.ts';
import { RouteTable } from '../../routing/route-table.ts';
import { Runtime } from '../../routing/runtime.ts';
import { RouteSettings } from './route-settings.ts';

/** Settings that are told apart by one text. */
function says(maxAge: string): CorsPolicyConfig {
  return {
    kind: 'cors-policy',
    allowOrigins: [],
    allowMethods: '',
    allowHeaders: '',
    exposeHeaders: '',
    maxAge,
    allowCredentials: null,
    allowPrivateNetworkAccess: null,
    forwardNotMatchingPreflights: null,
    enabled: null,
    shadowEnabled: null,
  };
}

const OFF: PerFilterConfig = { kind: 'disabled' };
const ON: PerFilterConfig = { kind: 'enabled' };

interface Levels {
  readonly table?: PerFilterConfig;
  readonly host?: PerFilterConfig;
  readonly route?: PerFilterConfig;
  readonly weighted?: PerFilterConfig;
}

/** What holds for a request to the weighted cluster of a route with these levels, and for one without a route. */
function held(levels: Levels, change: { disabled?: boolean; own?: string | null } = {}): readonly (string | null)[] {
  const { settings, place } = compiled(levels, change);
  return [settings.of(place), settings.of({ route: null, weighted: null })];
}

function compiled(levels: Levels, { disabled = false, own = 'own' }: { disabled?: boolean; own?: string | null } = {}) {
  const at = (level: PerFilterConfig | undefined): PerFilterConfigs => (level === undefined ? {} : { tested: level });
  const rest = { weight: 1, edits: NO_EDITS, subset: null, hostRewrite: null };
  const weighted: WeightedCluster = { ...rest, name: 'w', perFilter: at(levels.weighted) };
  const cluster = { kind: 'weighted', clusters: [weighted], totalWeight: 1 } as const;
  const routes = [
    route(prefixMatch('/w'), { ...forward(''), cluster }, { perFilter: at(levels.route) }),
    route(prefixMatch('/'), forward('a'), { perFilter: at(levels.route) }),
  ];
  const host = { ...virtualHost(['*'], routes), perFilter: at(levels.host) };
  const config = { ...routeTable('t', [host]), perFilter: at(levels.table) };
  const table = new RouteTable(config, new Runtime(), seededRandom());
  let compilations = 0;
  const settings = RouteSettings.compile<CorsPolicyConfig, string>(table, {
    filter: named({ kind: 'cors' }, { disabled }),
    own,
    kind: 'cors-policy',
    compile: (all) => {
      compilations++;
      return all.map((each) => each.maxAge).join();
    },
  });
  const [first] = table.routes();
  return { settings, place: { route: first!, weighted }, compilations };
}

t.test('the most specific level counts, and knows what those above it say', (t) => {
  const all = { table: says('t'), host: says('h'), route: says('r'), weighted: says('w') };
  t.same(held(all), ['w,r,h,t', 'own']);
  t.same(held({ table: says('t'), host: says('h') }), ['h,t', 'own']);
  t.same(held({ table: says('t') }), ['t', 'own']);
  t.same(held({}), ['own', 'own']);
  t.end();
});

t.test('a level switches the filter off and on', (t) => {
  t.same(held({ host: OFF }), [null, 'own']);
  t.same(held({ host: OFF, route: says('r') }), ['r', 'own'], 'settings switch it on');
  t.same(held({ host: OFF, route: ON }), ['own', 'own']);
  t.same(held({ host: says('h'), route: ON }), ['h', 'own']);
  t.same(held({ host: says('h'), weighted: OFF }), [null, 'own']);
  t.end();
});

t.test('a filter that is disabled in its chain runs where a level says so', (t) => {
  t.same(held({}, { disabled: true }), [null, null]);
  t.same(held({ route: ON }, { disabled: true }), ['own', null]);
  t.same(held({ table: says('t') }, { disabled: true }), ['t', null]);
  t.notOk(compiled({ route: OFF }, { disabled: true }).settings.active);
  t.ok(compiled({ route: ON }, { disabled: true }).settings.active);
  t.notOk(compiled({ host: ON }, { own: null }).settings.active);
  t.end();
});

t.test('settings of another filter are not for this one', (t) => {
  const rbac = { kind: 'rbac', rules: null, shadowRules: null } as const;
  const other = { ...rbac, rulesStatPrefix: '', shadowRulesStatPrefix: '', trackPerRuleStats: false };
  t.same(held({ route: other, host: says('h') }), ['h', 'own']);
  t.end();
});

t.test('levels that say the same are compiled once, and what may hold on a route is known', (t) => {
  const { settings, place, compilations } = compiled({ host: says('h') });
  t.equal(compilations, 1);
  t.same([...settings.on(place.route)], ['h']);
  t.same([...compiled({ weighted: says('w') }).settings.on(place.route)], ['own'], 'of another table');
  const own = compiled({ weighted: says('w') });
  t.same([...own.settings.on(own.place.route)], ['own', 'w']);
  t.end();
});
