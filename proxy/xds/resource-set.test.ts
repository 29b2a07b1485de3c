import t from 'tap';
import { RESOURCE_TYPES } from '../../protos/contract/resource-types.ts';
import { ScalingDecision } from '../../protos/gen/outrider/scaling/v1/scaling_decision.ts';
import { packAny } from '../../protos/json/registry.ts';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { FakeTimers } from '../../test/fakes/fake-timers.ts';
import { Lifetimes } from './lifetimes.ts';
import { ResourceSet } from './resource-set.ts';

// ---------------------------------------------------------------------------------------------------------------------
// Resources

const SCALING = RESOURCE_TYPES.SCALING;

function decision(name: string, desiredReplicas: number) {
  return packAny('outrider.scaling.v1.ScalingDecision', ScalingDecision.fromPartial({ name, desiredReplicas }));
}

/** Refuses thirteen replicas. */
function decisions(): ResourceSet<ScalingDecision> {
  return new ResourceSet(SCALING, (message) => {
    const value = message as ScalingDecision;
    const issues = [{ path: 'desired_replicas', message: '13 is unlucky' }];
    return value.desiredReplicas === 13 ? { ok: false, issues } : { ok: true, value };
  });
}

function update(resources: ReturnType<typeof decision>[], complete = true, version = '1') {
  return {
    resources: resources.map((any) => ({ name: '', version, any, ttlMs: null })),
    complete,
    version: null,
    removed: [],
  };
}

t.test('the good resources of a response are taken, the bad ones are all named, and their old value stays', (t) => {
  const set = decisions();
  set.apply(update([decision('a', 1), decision('b', 1)]), 0);
  const bytes = { typeUrl: SCALING.typeUrl, value: Buffer.from([0xff]) };
  const outcome = set.apply(update([decision('a', 2), decision('b', 13), bytes, decision('', 1), decision('a', 3)]), 0);
  t.match(
    outcome.rejection,
    /^invalid: SCALING "b": desired_replicas: 13 is unlucky; SCALING resources\[2\]: the bytes/,
  );
  t.match(outcome.rejection, /resources\[3\]: name is empty; SCALING "a": the name is there twice/);
  t.equal(set.values().get('a')?.desiredReplicas, 2);
  t.equal(set.values().get('b')?.desiredReplicas, 1, 'the last good one');
  t.same([...set.refused.keys()], ['b', 'a']);
  set.apply(update([decision('a', 2), decision('b', 4)]), 0);
  t.equal(set.refused.size, 0);
  t.end();
});

t.test('what a complete set leaves out is gone; what a partial one leaves out stays', (t) => {
  const set = decisions();
  set.apply(update([decision('a', 1), decision('b', 1)]), 0);
  t.same(set.apply(update([decision('b', 2)], false), 0), {
    rejection: null,
    changed: true,
    gone: [],
    taken: new Map([['b', '1']]),
    ttls: new Map([['b', null]]),
  });
  t.same([...set.values().keys()], ['a', 'b']);
  t.equal(set.apply(update([decision('b', 2)], false, '2'), 0).changed, false, 'equal bytes change nothing');
  t.equal(set.accepted.get('b')?.version, '2');
  set.apply(update([decision('b', 2)]), 0);
  t.same([...set.values().keys()], ['b']);
  t.end();
});

t.test('a resource of another type is refused', (t) => {
  const any = { ...decision('a', 1), typeUrl: 'type.googleapis.com/outrider.config.v1.ConfigSet' };
  t.match(decisions().apply(update([any]), 0).rejection, /it is a outrider.config.v1.ConfigSet/);
  t.end();
});

// ---------------------------------------------------------------------------------------------------------------------
// Time to live

function living(name: string, ttlMs: number | null, version = '1') {
  return { name, version, any: decision(name, 1), ttlMs };
}

function beat(name: string, ttlMs: number | null = 1_000, version = '1') {
  return { name, version, any: null, ttlMs };
}

t.test(
  'a heartbeat keeps what is held and activates nothing; one that fits nothing is refused with the reason',
  (t) => {
    const set = decisions();
    const apply = (resources: ReturnType<typeof living | typeof beat>[], version: string | null = null) =>
      set.apply({ resources, complete: false, removed: [], version }, 0);
    t.same(
      apply([living('a', 1_000), living('b', null)]).ttls,
      new Map([
        ['a', 1_000],
        ['b', null],
      ]),
    );
    const before = set.accepted.get('a');
    const kept = apply([beat('a', 2_000)]);
    t.match(kept, { rejection: null, changed: false, taken: new Map(), ttls: new Map([['a', 2_000]]) });
    t.equal(set.accepted.get('a'), before, 'the very same');
    t.match(apply([beat('b')]), { rejection: null, changed: true }, 'it is no longer for the disk');
    t.equal(set.accepted.get('b')?.ends, true);
    t.match(apply([living('b', null)]), { rejection: null, changed: true, ttls: new Map([['b', null]]) });
    for (const [resource, why] of [
      [beat('never'), /^invalid: SCALING "never": a heartbeat of what is not held: send the resource itself$/],
      [beat('a', 1_000, '2'), /"a": a heartbeat of version "2", but "1" is held/],
      [beat('a', null), /"a": it has neither a resource nor a ttl/],
      [beat('a', 0), /"a": ttl: it must be more than 0 s/],
      [living('a', -1), /"a": ttl: it must be more than 0 s/],
      [beat(''), /resources\[0\]: a heartbeat .* needs a name/],
    ] as const) {
      const outcome = apply([resource]);
      t.match(outcome.rejection, why);
      t.match(outcome, { changed: false, ttls: new Map() });
    }
    t.match(apply([beat('a'), beat('a')]).rejection, /there twice/);
    apply([{ ...living('a', 1_000), any: decision('a', 13) }]);
    t.match(apply([beat('a')]).rejection, /a heartbeat of what was refused: desired_replicas: 13 is unlucky/);
    t.end();
  },
);

t.test('SotW: heartbeats alone are no set of everything, and are of the version of the whole response', (t) => {
  const set = decisions();
  const apply = (resources: ReturnType<typeof living | typeof beat>[], version: string) =>
    set.apply({ resources: resources.map((each) => ({ ...each, version })), complete: true, removed: [], version }, 0);
  apply([living('a', 1_000), living('b', null)], '1');
  t.match(apply([beat('a')], '1'), { rejection: null, changed: false, gone: [] });
  t.match(apply([beat('a')], '2').rejection, /a heartbeat of version "2", but "1" is held/);
  t.same([...set.accepted.keys()], ['a', 'b']);
  t.same(apply([beat('a'), living('c', null)], '1').gone, ['b'], 'with a resource beside it, it is one');
  t.same([...set.accepted.keys()], ['a', 'c']);
  t.end();
});

t.test('a resource ends with its ttl unless it is refreshed, those of one moment together', (t) => {
  const clock = new FakeClock();
  const timers = new FakeTimers(clock);
  const over: string[] = [];
  const lifetimes = new Lifetimes({ clock, timers }, (kind, names) => over.push(`${kind} ${names.join()}`));
  const all = (...names: string[]) => new Map(names.map((name) => [name, 1_000]));
  lifetimes.set('CDS', all('a', 'b', 'c', 'd'));
  lifetimes.set('LDS', all('l'));
  clock.advance({ ms: 900 });
  lifetimes.set(
    'CDS',
    new Map([
      ['a', 1_000],
      ['b', null],
    ]),
  );
  lifetimes.forget('CDS', ['d', 'unknown']);
  t.equal(timers.pending, 1, 'one timer for all');
  clock.advance({ ms: 99 });
  t.same(over, []);
  clock.advance({ ms: 1 });
  t.same(over, ['CDS c', 'LDS l']);
  clock.advance({ ms: 900 });
  t.same(over.slice(2), ['CDS a']);
  t.equal(timers.pending, 0);
  lifetimes.set('CDS', all('x'));
  lifetimes.close();
  clock.advance({ seconds: 10 });
  t.equal(over.length, 3);
  t.end();
});
