import t from 'tap';
import { duration, table } from './table.ts';

t.test('columns are as wide as their widest cell, and numbers stand on the right', (t) => {
  const text = table(
    [{ title: 'NAME' }, { title: 'READY', align: 'right' }],
    [
      ['catalog', '3'],
      ['ad', '12'],
    ],
  );
  t.equal(text, 'NAME     READY\ncatalog      3\nad          12\n');
  t.end();
});

t.test('no line ends in spaces', (t) => {
  t.equal(table([{ title: 'NAME' }, { title: 'NOTE' }], [['catalog', '']]), 'NAME     NOTE\ncatalog\n');
  t.end();
});

t.test('a duration shows its two largest units', (t) => {
  const texts = [0, 850, 12_000, 200_000, 18_130_000, 349_200_000].map(duration);
  t.strictSame(texts, ['0ms', '850ms', '12s', '3m 20s', '5h 2m', '4d 1h']);
  t.end();
});
