import t from 'tap';
import { findDrift } from './generate.ts';

t.test('the committed code is what the generator writes today', (t) => {
  t.same(findDrift(), [], 'run `node protos/generate.ts` and commit');
  t.end();
});
