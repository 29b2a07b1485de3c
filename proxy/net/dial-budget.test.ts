import t from 'tap';
import { DialBudget } from './dial-budget.ts';
import type { TurnTask } from './turn-end.ts';

t.test('so many in a turn; who is put off comes first in the next one', (t) => {
  const tasks: TurnTask[] = [];
  const budget = new DialBudget({ add: (task: TurnTask) => tasks.push(task) } as never);
  let waiting = 20;
  const dialled: number[] = [];
  const pool: TurnTask = {
    onTurnEnd: () => {
      let begun = 0;
      for (; waiting > 0 && budget.take(); waiting--) begun++;
      dialled.push(begun);
      if (waiting > 0) tasks.push(pool);
    },
  };
  pool.onTurnEnd();
  while (waiting > 0) for (const task of tasks.splice(0)) task.onTurnEnd();
  t.same(dialled, [8, 8, 4]);
  for (const task of tasks.splice(0)) task.onTurnEnd();
  t.ok(budget.take());
  t.end();
});
