import t from 'tap';
import { HeldWrites } from './held-writes.ts';
import type { TurnTask } from './turn-end.ts';

/** Turns of so many writes each, every one by somebody else. Returns, for each turn, which of its writes were held. */
class Turns {
  readonly #tasks: TurnTask[] = [];
  readonly #held = new HeldWrites({ add: (task: TurnTask) => this.#tasks.push(task) } as never);
  /** Names of who was told to flush, in order. */
  readonly flushed: number[] = [];

  turn(writes: number): number[] {
    const held: number[] = [];
    for (let i = 0; i < writes; i++) {
      if (!this.#held.wanted()) continue;
      held.push(i);
      this.#held.add({ flush: () => this.flushed.push(i) });
    }
    for (const task of this.#tasks.splice(0)) task.onTurnEnd();
    return held;
  }
}

t.test('a few writes a turn leave at once, but for one in 32', (t) => {
  const turns = new Turns();
  let held = 0;
  for (let i = 0; i < 320; i++) held += turns.turn(2).length;
  t.equal(held, 20);
  t.equal(turns.flushed.length, 20);
  t.end();
});

t.test('in a crowd all are held until turns are small again, and leave in order', (t) => {
  const turns = new Turns();
  t.same(turns.turn(62), [31], 'what is seen in this turn is for the next');
  t.same(turns.turn(20).length, 20);
  t.same(
    turns.flushed.splice(0).slice(1),
    Array.from({ length: 20 }, (_, i) => i),
  );
  t.same(turns.turn(3).length, 3, 'the last crowd');
  t.same(turns.turn(3).length, 0);
  t.end();
});

t.test('in a long turn what came first does not wait for its end', (t) => {
  const atOnce: number[] = [];
  const tasks: TurnTask[] = [];
  const held = new HeldWrites({ add: (task: TurnTask) => tasks.push(task) } as never);
  for (let i = 0; i < 32 + 40; i++) if (held.wanted()) held.add({ flush: () => {} });
  for (const task of tasks.splice(0)) task.onTurnEnd();
  for (let i = 0; i < 70; i++) if (held.wanted()) held.add({ flush: () => atOnce.push(i) });
  t.equal(atOnce.length, 64);
  t.equal(tasks.length, 1);
  for (const task of tasks.splice(0)) task.onTurnEnd();
  t.equal(atOnce.length, 70);
  t.end();
});
