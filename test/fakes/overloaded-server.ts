/**
 * An application with `workers` that each do one request at a time, behind a limiter, asked by clients who do not wait for
 * each other's answers. Events on fake time; a seed replays a run.
 */
import { AdaptiveLimitStats } from '../../proxy/http/filters/adaptive-limit/adaptive-limit-stats.ts';
import { Limiter, type LimiterSettings } from '../../proxy/http/filters/adaptive-limit/limiter.ts';
import type { Priority } from '../../proxy/http/filters/adaptive-limit/priority.ts';
import { seededRandom } from './fake-random.ts';

/** What is run. */
export interface Scenario {
  readonly workers: number;
  readonly serviceMs: number;
  /** Offered load, in multiples of what the workers can do. */
  readonly load: number;
  /** Clients leave then; an answer that comes later is for nothing, but its work is done all the same. */
  readonly timeoutMs: number;
  readonly forMs: number;
  /** Null: no limiter. */
  readonly limiter: LimiterSettings | null;
  /** Answers before do not count. */
  readonly warmUpMs?: number;
  readonly priorityOf?: (random: number) => Priority;
  /** By how much work takes longer at a time; 1 by default. */
  readonly slowdown?: (nowMs: number) => number;
}

/** What came of it, without the warm-up. */
export interface Outcome {
  /** Answers in time, a second. */
  readonly goodput: number;
  readonly good: Readonly<Record<Priority, number>>;
  readonly sent: Readonly<Record<Priority, number>>;
  readonly stats: AdaptiveLimitStats;
}

interface Call {
  readonly priority: Priority;
  readonly sentMs: number;
  startedMs: number;
  state: 'waiting' | 'working' | 'over';
}

const UNLIMITED: LimiterSettings = {
  initialLimit: 1e9,
  minLimit: 1e9,
  maxLimit: 1e9,
  tolerance: 1.5,
  maxQueue: 0,
  maxWaitMs: 0,
};

class Simulation {
  readonly good: Record<Priority, number> = { critical: 0, default: 0, sheddable: 0 };
  readonly sent: Record<Priority, number> = { critical: 0, default: 0, sheddable: 0 };
  readonly stats = new AdaptiveLimitStats('fake');
  readonly #scenario: Scenario;
  readonly #limiter: Limiter<Call>;
  readonly #random = seededRandom(7);
  /** Calls in the order in which they were sent, for their time limits. */
  readonly #sent: Call[] = [];
  #oldest = 0;
  readonly #backlog: Call[] = [];
  #nextInBacklog = 0;
  /** When each worker is done, and with what; Infinity for one that does nothing. */
  readonly #doneMs: number[];
  readonly #doing: (Call | null)[];
  #nowMs = 0;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    this.#limiter = new Limiter(scenario.limiter ?? UNLIMITED, this.stats);
    this.#doneMs = new Array<number>(scenario.workers).fill(Infinity);
    this.#doing = new Array<Call | null>(scenario.workers).fill(null);
  }

  run(): void {
    const { workers, serviceMs, load, forMs } = this.#scenario;
    const betweenMs = serviceMs / workers / load;
    let arrivalMs = 0;
    while (this.#nowMs < forMs) {
      const worker = this.#doneMs.indexOf(Math.min(...this.#doneMs));
      const dueMs = this.#nextTimeoutMs();
      this.#nowMs = Math.min(arrivalMs, this.#doneMs[worker]!, dueMs);
      if (this.#nowMs === dueMs) this.#timeOut();
      else if (this.#nowMs === arrivalMs) {
        this.#arrive();
        arrivalMs += -Math.log(1 - this.#random.next()) * betweenMs;
      } else this.#finish(worker);
      for (let next = this.#limiter.startNext(this.#nowMs); next !== null; next = this.#limiter.startNext(this.#nowMs))
        this.#start(next);
    }
  }

  #arrive(): void {
    const { priorityOf = () => 'default' as const } = this.#scenario;
    const call: Call = {
      priority: priorityOf(this.#random.next()),
      sentMs: this.#nowMs,
      startedMs: 0,
      state: 'waiting',
    };
    if (this.#counts) this.sent[call.priority]++;
    const admission = this.#limiter.enter(call, this.#nowMs);
    if (admission === 'refused') return;
    this.#sent.push(call);
    if (admission === 'admitted') this.#start(call);
  }

  #start(call: Call): void {
    call.startedMs = this.#nowMs;
    call.state = 'working';
    this.#backlog.push(call);
    const idle = this.#doing.indexOf(null);
    if (idle >= 0) this.#work(idle);
  }

  #work(worker: number): void {
    const call = this.#backlog[this.#nextInBacklog];
    if (call === undefined) {
      this.#doing[worker] = null;
      this.#doneMs[worker] = Infinity;
      return;
    }
    this.#nextInBacklog++;
    const { serviceMs, slowdown = () => 1 } = this.#scenario;
    this.#doing[worker] = call;
    // Half of it always, the other half as chance has it.
    const factor = 0.5 - Math.log(1 - this.#random.next()) / 2;
    this.#doneMs[worker] = this.#nowMs + serviceMs * factor * slowdown(this.#nowMs);
  }

  #finish(worker: number): void {
    const call = this.#doing[worker]!;
    if (call.state === 'working') {
      call.state = 'over';
      this.#limiter.leave(this.#nowMs);
      this.#limiter.sample(this.#nowMs - call.startedMs, this.#nowMs);
      if (this.#counts) this.good[call.priority]++;
    }
    this.#work(worker);
  }

  get #counts(): boolean {
    return this.#nowMs >= (this.#scenario.warmUpMs ?? 0);
  }

  #nextTimeoutMs(): number {
    while (this.#sent[this.#oldest]?.state === 'over') this.#oldest++;
    const call = this.#sent[this.#oldest];
    if (call === undefined) return Infinity;
    const { timeoutMs } = this.#scenario;
    // One that waits is refused sooner perhaps, which is as bad for it.
    return Math.max(this.#nowMs, call.sentMs + timeoutMs);
  }

  /** The client leaves: its call is taken out of the queue, or counts as one that took at least that long. */
  #timeOut(): void {
    const call = this.#sent[this.#oldest++]!;
    if (call.state === 'waiting') this.#limiter.forget(call);
    else {
      this.#limiter.leave(this.#nowMs);
      const tookMs = this.#nowMs - call.startedMs;
      if (tookMs > this.#limiter.longMs) this.#limiter.sample(tookMs, this.#nowMs);
    }
    call.state = 'over';
  }
}

/** Runs it. */
export function simulate(scenario: Scenario): Outcome {
  const simulation = new Simulation(scenario);
  simulation.run();
  const { good, sent, stats } = simulation;
  const seconds = (scenario.forMs - (scenario.warmUpMs ?? 0)) / 1_000;
  return { goodput: (good.critical + good.default + good.sheddable) / seconds, good, sent, stats };
}
