import t from 'tap';
import { keepAliveSeconds } from './keep-alive-field.ts';

t.test('the seconds are found wherever they stand', (t) => {
  const seconds = (value: string) => keepAliveSeconds(Buffer.from(`??${value}??`), 2, 2 + value.length);
  t.equal(seconds('timeout=5'), 5);
  t.equal(seconds('max=100, Timeout=75'), 75);
  t.equal(seconds('timeout=0,max=1'), 0);
  t.equal(seconds('timeout=99999999999999999999'), 86_400);
  t.equal(seconds('xtimeout=5'), -1);
  t.equal(seconds('timeout='), -1);
  t.equal(seconds('timeout=x'), -1);
  t.equal(seconds('5'), -1);
  t.equal(seconds(''), -1);
  t.end();
});
