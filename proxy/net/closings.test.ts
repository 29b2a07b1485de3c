import t from 'tap';
import { type Closable, Closings } from './closings.ts';
import type { TurnTask } from './turn-end.ts';

/** Transports whose end takes so many milliseconds, on a loop whose turns are ended by hand. */
function bench() {
  let nowMs = 0;
  const tasks: TurnTask[] = [];
  const ended: string[] = [];
  const paused: string[] = [];
  const closings = new Closings({ add: (task: TurnTask) => tasks.push(task) } as never, { nowMs: () => nowMs });
  const transport = (name: string, ms: number): Closable => ({
    pause: () => paused.push(name),
    destroy: () => {
      nowMs += ms;
      ended.push(name);
    },
  });
  const endTurn = () => {
    for (const task of tasks.splice(0)) task.onTurnEnd();
  };
  return { closings, transport, endTurn, ended, paused, tasks };
}

t.test('few are ended at once', async (t) => {
  const { closings, transport, ended, paused } = bench();
  for (const name of ['a', 'b', 'c']) closings.close(transport(name, 0.1));
  t.same(ended, ['a', 'b', 'c']);
  t.same(paused, []);
});

t.test(
  'where a turn has no time left, the others follow in the next ones, in order and unread meanwhile',
  async (t) => {
    const { closings, transport, endTurn, ended, paused, tasks } = bench();
    for (const name of ['a', 'b', 'c', 'd', 'e']) closings.close(transport(name, 0.3));
    t.same(ended, ['a', 'b'], 'until the time is spent');
    t.same(paused, ['c', 'd', 'e']);
    t.equal(closings.waiting, 3);
    endTurn();
    t.same(ended, ['a', 'b', 'c', 'd']);
    closings.close(transport('f', 0.3));
    t.same(ended, ['a', 'b', 'c', 'd'], 'nobody overtakes');
    endTurn();
    t.same(ended, ['a', 'b', 'c', 'd', 'e', 'f']);
    endTurn();
    t.equal(tasks.length, 0, 'and nothing is waited for');
    closings.close(transport('g', 0.3));
    t.equal(ended.at(-1), 'g', 'there is time again');
  },
);

t.test('one that takes longer than a turn has does not stop the others', async (t) => {
  const { closings, transport, endTurn, ended } = bench();
  for (const name of ['a', 'b', 'c']) closings.close(transport(name, 4));
  t.same(ended, ['a']);
  endTurn();
  t.same(ended, ['a', 'b']);
  endTurn();
  t.same(ended, ['a', 'b', 'c']);
});
