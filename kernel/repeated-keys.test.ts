import t from 'tap';
import { parseDocument } from 'yaml';
import { repeatedKeys } from './repeated-keys.ts';

const found = (text: string) =>
  repeatedKeys(parseDocument(text, { uniqueKeys: false, merge: true })).map(({ value, range }) => [value, range![0]]);

t.test('keys that stand twice in one map, wherever it is, in the order of the text', (t) => {
  const text = 'a: 1\nb: {c: 1, c: 2, d: {e: 1, e: 1}}\na: 2\na: 3\n';
  t.strictSame(found(text), [
    ['c', text.indexOf('c: 2')],
    ['e', text.lastIndexOf('e: 1')],
    ['a', text.indexOf('a: 2')],
    ['a', text.indexOf('a: 3')],
  ]);
  t.strictSame(found('- {a: 1}\n- {a: 1, b: {a: 1}}\n'), [], 'each map by itself');
  t.strictSame(found('1: x\n"1": y\n? [a]\n: 1\n? [a]\n: 2\n'), [], 'a number is no text, and lists are not compared');
  t.strictSame(found('x: &x {a: 1}\ny: {<<: *x, a: 2, <<: *x}\n'), [], 'merge keys are none');
  t.strictSame(found(''), []);
  t.end();
});

t.test('as the library finds them', (t) => {
  for (const text of [
    'a: 1\na: 2\n',
    '{x: {y: 1, z: 2, "y": 3}}',
    'a: {b: 1}\nc: {b: 1}\n',
    '1: a\n1: b\n',
    'a: 1\nb: 1\n',
  ]) {
    const theirs = parseDocument(text).errors.filter(({ code }) => code === 'DUPLICATE_KEY');
    t.strictSame(
      found(text).map(([, at]) => at),
      theirs.map(({ pos }) => pos[0]),
      text,
    );
  }
  t.end();
});
