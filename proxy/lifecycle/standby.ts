/**
 * The other side of hot-restart.ts: a process that gets ready beside the one whose place it is to take.
 */
import type { Clock } from '../../kernel/clock.ts';
import type { Timers } from '../../kernel/timers.ts';
import type { Sidecar } from '../app.ts';
import type { SuccessorMessage, TakeOver } from './hot-restart.ts';

/** The process whose place is taken. */
export interface PredecessorLink {
  send(message: SuccessorMessage): void;
  /** Calls once, when this process is to take over. */
  onTakeOver(listener: (message: TakeOver) => void): void;
}

const LOOK_MS = 50;
/** So long the first check of the application is waited for: what is known of it must not be forgotten by a restart. */
const CHECKED_MS = 3_000;

/** What standing by needs. */
export interface StandbyDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  /** This process serves; the other one does, too, until that has been noted. */
  readonly onServing: () => void;
}

/** Resolves when this process has taken over. Rejects when it cannot. */
export async function standBy(
  sidecar: Sidecar,
  link: PredecessorLink,
  { clock, timers, onServing }: StandbyDeps,
): Promise<void> {
  const told = Promise.withResolvers<TakeOver>();
  link.onTakeOver(told.resolve);
  await untilReady(sidecar, link, clock, timers);
  link.send({ kind: 'ready' });
  const { leaseId } = await told.promise;
  await sidecar.takeOver(leaseId);
  onServing();
  link.send({ kind: 'serving' });
}

/** The other process has the last word on how long. */
function untilReady(sidecar: Sidecar, link: PredecessorLink, clock: Clock, timers: Timers): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let readyAtMs = Infinity;
  let said = '';
  const look = timers.every(LOOK_MS, () => {
    const { ready, waitingFor } = sidecar.standing();
    if (ready) readyAtMs = Math.min(readyAtMs, clock.nowMs());
    else if (said !== waitingFor.join()) link.send({ kind: 'waiting', what: waitingFor });
    said = waitingFor.join();
    if (!ready || (sidecar.unchecked && clock.nowMs() < readyAtMs + CHECKED_MS)) return;
    look.cancel();
    resolve();
  });
  return promise;
}
