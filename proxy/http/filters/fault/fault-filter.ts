/**
 * envoy.filters.http.fault: makes requests slow, or fail; outrider.filters.http.expiring_fault: the same, until its time is
 * over.
 *
 *   request ─► concerned? ─► delayed? ─yes─► waits, its client held back ─► aborted? ─► goes on
 *                               └────no──────────────────────────────────────┘
 *
 * A request that waits is its exchange and one deadline. When its client leaves it is forgotten.
 */
import { Deadline, type DeadlineOwner } from '../../../../kernel/timer-wheel.ts';
import type { ExpiringFaultConfig, FaultConfig, NamedHttpFilter } from '../../../config/model/http-filter.ts';
import type { Loop } from '../../../net/loop.ts';
import type { RouteTable } from '../../../routing/route-table.ts';
import type { Runtime } from '../../../routing/runtime.ts';
import type { Exchange } from '../../exchange.ts';
import type { FilterSlot } from '../../filter-slot.ts';
import { CONTINUE, PAUSE, RESPONDED, type Verdict } from '../../verdict.ts';
import type { BoundFilter, FilterPart } from '../filter-part.ts';
import { RouteSettings } from '../route-settings.ts';
import { FaultSettings } from './fault-settings.ts';
import type { FaultStats } from './fault-stats.ts';

/** What the filter is made with. */
export interface FaultDeps {
  readonly loop: Loop;
  readonly runtime: Runtime;
  readonly stats: FaultStats;
  readonly slot: FilterSlot<DelayedRequest>;
}

/** Of either filter. Routes may have settings of the same kind. */
type AnyFault = FaultConfig | ExpiringFaultConfig;

export class FaultFilter implements FilterPart {
  readonly #filter: NamedHttpFilter;
  readonly #config: AnyFault;
  readonly #deps: FaultDeps;

  constructor(filter: NamedHttpFilter, config: AnyFault, deps: FaultDeps) {
    this.#filter = filter;
    this.#config = config;
    this.#deps = deps;
  }

  bind(table: RouteTable): BoundFilter | null {
    const headersRead = new Set<string>();
    const settings = RouteSettings.compile<AnyFault, FaultSettings>(table, {
      filter: this.#filter,
      own: this.#compile(this.#config, headersRead),
      kind: this.#config.kind,
      compile: ([config]) => this.#compile(config, headersRead),
    });
    if (!settings.active) return null;
    const { slot } = this.#deps;
    return {
      name: this.#filter.name,
      headersRead,
      onRequest: (exchange) => {
        const found = settings.of(exchange);
        return found === null || !found.concerns(exchange) ? CONTINUE : this.#inject(exchange, found);
      },
      onResponse: null,
      onComplete: (exchange) => slot.get(exchange)?.forget(),
    };
  }

  #compile(config: AnyFault, headersRead: Set<string>): FaultSettings | null {
    const expires = config.kind === 'expiring-fault';
    const fault = expires ? config.fault : config;
    if (fault.delay === null && fault.abort === null) return null;
    const { runtime, loop } = this.#deps;
    return new FaultSettings(fault, expires ? config.expiresAtMs : Infinity, { runtime, loop, headersRead });
  }

  #inject(exchange: Exchange, settings: FaultSettings): Verdict {
    const delayMs = settings.drawDelayMs(exchange.head);
    if (delayMs > 0 && this.#mayInject(settings)) {
      const { loop, stats, slot } = this.#deps;
      stats.delaysInjected++;
      exchange.addFlag('DI');
      slot.put(exchange, new DelayedRequest(exchange, settings, loop, stats, delayMs));
      return PAUSE;
    }
    const abort = settings.drawAbort(exchange.head);
    if (abort === null || !this.#mayInject(settings)) return CONTINUE;
    this.#deps.stats.abortsInjected++;
    exchange.fail(abort);
    return RESPONDED;
  }

  #mayInject({ maxActive }: FaultSettings): boolean {
    const { stats } = this.#deps;
    if (stats.activeFaults < maxActive) return true;
    stats.faultsOverflow++;
    return false;
  }
}

/** A request that waits. */
export class DelayedRequest implements DeadlineOwner {
  readonly #exchange: Exchange;
  readonly #settings: FaultSettings;
  readonly #loop: Loop;
  readonly #stats: FaultStats;
  readonly #deadline = new Deadline(this);

  constructor(exchange: Exchange, settings: FaultSettings, loop: Loop, stats: FaultStats, delayMs: number) {
    this.#exchange = exchange;
    this.#settings = settings;
    this.#loop = loop;
    this.#stats = stats;
    stats.activeFaults++;
    loop.wheel.arm(this.#deadline, delayMs, loop.nowMs);
  }

  onDeadline(): void {
    this.#loop.refresh();
    this.#stats.activeFaults--;
    const exchange = this.#exchange;
    const abort = this.#settings.drawAbort(exchange.head);
    if (abort === null) {
      exchange.resume();
      return;
    }
    this.#stats.abortsInjected++;
    exchange.fail(abort);
  }

  /** The exchange is over, maybe before its time. */
  forget(): void {
    if (!this.#deadline.armed) return;
    this.#loop.wheel.disarm(this.#deadline);
    this.#stats.activeFaults--;
  }
}
