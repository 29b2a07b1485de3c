import t from 'tap';
import { silentLogger } from '../../kernel/log.ts';
import { LoadReport } from '../../protos/gen/outrider/agent/v1/agent.ts';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { FakeTimers } from '../../test/fakes/fake-timers.ts';
import { LoadReports } from '../agents/load-reports.ts';
import { DRAIN_TIMES, SHUTDOWN_TIMES } from '../orchestrator/executor.ts';
import type { Instance } from '../registry/instance.ts';
import type { StreamStanding } from './handshake.ts';
import { MeshTrafficControl } from './traffic-control.ts';

/** One instance `a`, and who has streams. */
class Scene {
  readonly clock = new FakeClock();
  readonly loads = new LoadReports();
  readonly log: string[] = [];
  connected = true;
  running: readonly string[] = [];
  streams: readonly StreamStanding[] = [];
  #answered: () => void = () => {};
  readonly traffic = new MeshTrafficControl({
    clock: this.clock,
    timers: new FakeTimers(this.clock),
    logger: { ...silentLogger, warn: (_fields: object, message: string) => void this.log.push(message) },
    registry: {
      expect: () => {},
      drain: () => undefined,
      get: () => ({ connected: this.connected }) as Instance,
      applicationUp: () => {},
      remove: () => undefined,
    } as never,
    loads: this.loads,
    agents: {
      sendDrain: (id, deadlineMs) => {
        if (this.connected) this.log.push(`${id}: ${deadlineMs} ms`);
        return this.connected;
      },
    },
    pushes: { flush: () => {} } as never,
    ads: {
      standings: () => [...this.streams],
      watchAnswers: (listener) => {
        this.#answered = listener;
        return () => {};
      },
    },
    running: () => this.running,
  });

  /** A load report each second, as long as there is a stream; null: none. */
  async pass(ms: number, unfinished: number | null): Promise<void> {
    for (let passed = 0; passed < ms; passed += 50) {
      if (unfinished !== null && this.connected && this.clock.nowMs() % 1000 === 0)
        this.loads.record('a', LoadReport.fromPartial({ unfinished }), this.clock.nowMs());
      this.clock.advance({ ms: 50 });
      this.#answered();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** When it was over, in milliseconds; NaN until then. */
  untilIdle(times = DRAIN_TIMES): { overMs: number } {
    const startMs = this.clock.nowMs();
    const state = { overMs: Number.NaN };
    this.traffic.untilIdle('a', 'test', times).then(() => {
      state.overMs = this.clock.nowMs() - startMs;
    });
    return state;
  }

  drain(): { overMs: number } {
    const startMs = this.clock.nowMs();
    const state = { overMs: Number.NaN };
    this.traffic.drain('a', ['s'], 'test', DRAIN_TIMES).then(() => {
      state.overMs = this.clock.nowMs() - startMs;
    });
    return state;
  }
}

t.test('what is in flight is waited for, and no longer', async (t) => {
  const scene = new Scene();
  await scene.pass(1000, 2);
  const { log } = scene;
  const state = scene.untilIdle();
  await scene.pass(10_000, 2);
  t.ok(Number.isNaN(state.overMs));
  await scene.pass(1_500, 0);
  t.ok(state.overMs >= 10_000 && state.overMs < 11_500, `${state.overMs}`);
  t.strictSame(log, ['a: 30000 ms']);
  t.equal(scene.traffic.totals.idle, 1);

  const cut = scene.untilIdle();
  await scene.pass(31_000, 2);
  t.ok(cut.overMs >= 30_000 && cut.overMs <= 30_200, `${cut.overMs}`);
  t.equal(scene.traffic.totals.cut, 1);
  t.match(log.at(-1), /a is stopped with 2 requests and connections that have not ended in 30000 ms/);
});

t.test('a sidecar that has not come back yet is waited for, and told then', async (t) => {
  const scene = new Scene();
  scene.connected = false;
  const state = scene.untilIdle();
  await scene.pass(4_000, null);
  scene.connected = true;
  await scene.pass(20_000, 1);
  t.ok(Number.isNaN(state.overMs), 'it works on something');
  t.strictSame(scene.log, ['a: 25900 ms'], 'told once, with what is left of the time');
  scene.connected = false;
  await scene.pass(4_000, null);
  scene.connected = true;
  await scene.pass(1_500, 0);
  t.ok(state.overMs >= 28_000 && state.overMs < 29_500, `its stream was cut in between: ${state.overMs}`);
});

t.test('a sidecar that does not come back is not waited for, and none when everything ends', async (t) => {
  const scene = new Scene();
  scene.connected = false;
  const state = scene.untilIdle();
  await scene.pass(10_000, null);
  t.ok(state.overMs >= 5_000 && state.overMs <= 5_300, `${state.overMs}`);
  const shutdown = scene.untilIdle(SHUTDOWN_TIMES);
  await scene.pass(50, null);
  t.ok(shutdown.overMs <= 50);
});

t.test('confirmations: 5 s for who has a stream, 5 more for a sidecar that has to come back first', async (t) => {
  const scene = new Scene();
  scene.running = ['a', 'b', 'c'];
  scene.streams = [{ nodeId: 'b', standing: 'taken' }];
  const late = scene.drain();
  await scene.pass(8_000, null);
  t.ok(Number.isNaN(late.overMs), 'c runs and has no stream');
  scene.streams = [...scene.streams, { nodeId: 'c', standing: 'taken' }];
  await scene.pass(100, null);
  t.equal(late.overMs, 8_050);
  t.strictSame(scene.log, []);

  scene.streams = [scene.streams[0]!, { nodeId: 'c', standing: 'pending' }];
  const deaf = scene.drain();
  await scene.pass(8_000, null);
  t.equal(deaf.overMs, 5_000);
  t.match(scene.log[0], /not everyone has confirmed within 5 s that a is out.*: c$/);

  scene.streams = [scene.streams[0]!];
  const gone = scene.drain();
  await scene.pass(12_000, null);
  t.equal(gone.overMs, 10_000);
  t.match(scene.log[1], /not everyone has confirmed within 10 s that a is out.*: c$/);
});
