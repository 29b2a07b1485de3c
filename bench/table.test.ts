import t from 'tap';
import { renderTable } from './table.ts';

t.test('names stand to the left, figures to the right, columns as wide as their widest cell', (t) => {
  const table = renderTable(
    ['peer', 'us'],
    [
      ['haproxy', '14.6'],
      ['nginx', '9'],
    ],
  );
  t.equal(table, ['peer       us', '-------  ----', 'haproxy  14.6', 'nginx       9'].join('\n'));
  t.end();
});

t.test('a short row leaves its last cells empty, without trailing spaces', (t) => {
  t.equal(renderTable(['a', 'bb', 'c'], [['x', '1']]).split('\n')[2], 'x   1');
  t.end();
});
