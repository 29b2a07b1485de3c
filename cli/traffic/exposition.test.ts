import t from 'tap';
import { parseSamples } from './exposition.ts';

t.test('samples of the wanted names are read with their labels, the rest is skipped', (t) => {
  const text = [
    '# HELP requests_total requests_total{not="this"} 1',
    'requests_total{path="/a,b",method="GET"} 3 1700000000',
    'other_total 4',
    'requests_total 1.5e3',
    'requests_total',
    '',
  ].join('\n');
  t.strictSame(
    [...parseSamples(text, new Set(['requests_total']))],
    [
      { name: 'requests_total', labels: { path: '/a,b', method: 'GET' }, value: 3 },
      { name: 'requests_total', labels: {}, value: 1500 },
    ],
  );
  t.end();
});

t.test('escapes in label values are undone', (t) => {
  const [sample] = parseSamples(String.raw`a{b="say \"hi\"\n\\"} +Inf`, new Set(['a']));
  t.strictSame(sample, { name: 'a', labels: { b: 'say "hi"\n\\' }, value: Number.POSITIVE_INFINITY });
  t.end();
});
