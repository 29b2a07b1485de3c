import t from 'tap';
import { TurnBudget } from './turn-budget.ts';
import type { TurnTask } from './turn-end.ts';

t.test('so many in a turn; who is put off comes first in the next one', (t) => {
  const tasks: TurnTask[] = [];
  const budget = new TurnBudget({ add: (task: TurnTask) => tasks.push(task) } as never, 8);
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

t.test('the last may cost more than was left, and is forgotten at the end of the turn', (t) => {
  const tasks: TurnTask[] = [];
  const budget = new TurnBudget({ add: (task: TurnTask) => tasks.push(task) } as never, 10);
  budget.spend(0);
  budget.spend(9);
  t.ok(budget.left);
  budget.spend(100);
  t.notOk(budget.left);
  t.notOk(budget.take());
  t.equal(tasks.length, 1, 'told once');
  for (const task of tasks.splice(0)) task.onTurnEnd();
  t.ok(budget.left);
  t.end();
});
