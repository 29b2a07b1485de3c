/** ACKs and NACKs of one stream: counted, logged, and not repeated without a pause. */
import { formatRejection } from '../../protos/contract/reject-reason.ts';
import type { ResourceKind } from '../../protos/contract/resource-types.ts';
import type { ActivationProblem } from './ads-client-options.ts';
import type { ControlStreamDeps } from './control-stream.ts';
import type { IncomingUpdate } from './protocol.ts';
import { RepeatedRefusals } from './repeated-refusals.ts';
import type { UpdateOutcome } from './resource-set.ts';
import type { XdsStats } from './xds-stats.ts';

/** See the head of this file. */
export class Answers {
  readonly #stats: XdsStats;
  readonly #logger: ControlStreamDeps['logger'];
  readonly #delta: boolean;
  readonly #refusals: RepeatedRefusals;

  /** Delta servers send nothing again by themselves: they are answered at once, always. */
  constructor(stats: XdsStats, delta: boolean, { logger, timers }: Pick<ControlStreamDeps, 'logger' | 'timers'>) {
    this.#stats = stats;
    this.#logger = logger;
    this.#delta = delta;
    this.#refusals = new RepeatedRefusals(timers);
  }

  /** Calls `send`, now or later, when that outcome is to be told. */
  answer(
    kind: ResourceKind,
    { version, typeUrl }: IncomingUpdate,
    { rejection }: UpdateOutcome,
    send: () => void,
  ): void {
    const stats = this.#stats.of(kind);
    stats.updateAttempt++;
    if (rejection === null) {
      stats.updateSuccess++;
      stats.version = version;
      this.#logger.debug({ kind, version }, 'update accepted');
    } else {
      stats.updateRejected++;
      this.#logger.warn({ kind, version, why: rejection }, 'update refused');
    }
    if (this.#delta) send();
    else this.#refusals.answer(typeUrl, version, rejection, send);
  }

  /** The stream is gone: nothing is answered any more. */
  clear(): void {
    this.#refusals.clear();
  }
}

/** An outcome, with what an activation could not do of that kind as its refusal, if there is no other. */
export function withProblems(
  outcome: UpdateOutcome,
  kind: ResourceKind,
  problems: readonly ActivationProblem[],
): UpdateOutcome {
  const own = problems.filter((each) => each.kind === kind).map(({ message }) => message);
  if (outcome.rejection !== null || own.length === 0) return outcome;
  return { ...outcome, rejection: formatRejection('invalid', own.join('; ')) };
}
