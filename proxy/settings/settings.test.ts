import t from 'tap';
import { ConfigSet } from '../../protos/gen/outrider/config/v1/config_set.ts';
import { ScalingDecision } from '../../protos/gen/outrider/scaling/v1/scaling_decision.ts';
import { scalingView, settingsView, settingView, tagOf } from './settings-view.ts';

const SET = ConfigSet.fromPartial({
  name: 'shop',
  revision: 7,
  entries: [
    { key: 'BANNER', value: { $case: 'text', value: 'hello' }, revision: 7 },
    { key: 'LOGO', value: { $case: 'data', value: Buffer.from([1, 2, 3]) }, revision: 4, contentType: 'image/png' },
    { key: 'EMPTY', revision: 1 },
  ],
});

t.test('settings are texts by key, bytes are base64', (t) => {
  t.same(settingsView(SET), { revision: 7, values: { BANNER: 'hello', LOGO: 'AQID', EMPTY: '' } });
  t.same(settingsView(undefined), { revision: 0, values: {} });
  t.same(settingView(SET, 'LOGO'), { key: 'LOGO', value: 'AQID', revision: 4, contentType: 'image/png' });
  t.equal(settingView(SET, 'toString'), undefined);
  t.end();
});

t.test('scaling is told by service', (t) => {
  const decision = ScalingDecision.fromPartial({ name: 'cart', desiredReplicas: 3, readyReplicas: 2, revision: 5 });
  t.same(scalingView(new Map([['cart', decision]])), { cart: { desired: 3, ready: 2, revision: 5 } });
  t.end();
});

t.test('tags differ when texts do', (t) => {
  t.match(tagOf('a'), /^"[\w-]{16}"$/);
  t.equal(tagOf('a'), tagOf('a'));
  t.not(tagOf('a'), tagOf('b'));
  t.end();
});
