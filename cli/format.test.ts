import t from 'tap';
import { parse } from 'yaml';
import { FORMATS, render } from './format.ts';

const value = [{ name: 'catalog', replicas: 3 }];

t.test('json and yaml carry the same value', (t) => {
  t.strictSame(JSON.parse(render('json', value, String)), value);
  t.strictSame(parse(render('yaml', value, String)), value);
  t.end();
});

t.test('a table is made only when it is asked for', (t) => {
  const made: string[] = [];
  for (const format of FORMATS) {
    render(format, value, () => {
      made.push(format);
      return 'NAME\n';
    });
  }
  t.strictSame(made, ['table']);
  t.end();
});

t.test('every format ends in one line feed', (t) => {
  for (const format of FORMATS)
    t.match(
      render(format, value, () => 'NAME\n'),
      /[^\n]\n$/,
      format,
    );
  t.end();
});
