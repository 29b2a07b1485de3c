/**
 * The stream up: registers the application with the control plane, keeps its lease alive, tells its health and load.
 *
 *   stream up ─► register (with the lease of before) ─► registered ─► heartbeats at the server's interval, load each second
 *                     ▲                                     └─ a change of health is told at once
 *                     └── backoff ◄── stream lost, or refused
 */
import type { Timer } from '../../kernel/timers.ts';
import { BREAKER_REPORT_MAX } from '../../protos/contract/limits.ts';
import {
  AgentMessage,
  type BreakerView,
  type ControlMessage,
  type Drain,
  Health,
  type Registered,
} from '../../protos/gen/outrider/agent/v1/agent.ts';
import { AgentServiceClient } from '../../protos/gen/outrider/agent/v1/agent_service.ts';
import type { AgentSettings } from '../bootstrap/bootstrap.ts';
import type { ControlCredentials } from '../xds/control-credentials.ts';
import { ControlStream, type ControlStreamDeps } from '../xds/control-stream.ts';
import { HealthCheck } from './health-check.ts';
import type { ApplicationHealth } from './health-state.ts';
import { LoadMeter, type LoadView } from './load-meter.ts';
import { createProbe } from './probe.ts';

/** What the agent speaks for. */
export interface AgentOptions {
  /** `host:port` of the control plane. */
  readonly target: string;
  readonly credentials: ControlCredentials;
  /** The xDS node id. */
  readonly nodeId: string;
  readonly settings: AgentSettings;
  /** Of this process: tells a restart from a reconnect. */
  readonly pid: number;
  readonly load: LoadView;
  /** The shared request breakers that are in use. */
  readonly breakers: () => readonly BreakerView[];
  /** No new traffic will come; `deadlineMs` from now the control plane counts on the application's end. */
  readonly onDrain: (drain: { readonly deadlineMs: number; readonly reason: string }) => void;
}

/** The running agent. */
export interface Agent {
  /** `leaseId` is that of a process whose place this one takes. */
  start(leaseId?: string): void;
  /** Begins to check the application, before `start` where that comes later. */
  startChecking(): void;
  /**
   * Asks to be taken out of traffic. True once nobody sends here any more, or that was so; false when nobody says so within
   * `limitMs`.
   */
  leave(reason: string, limitMs: number): Promise<boolean>;
  /** Says goodbye on purpose: the endpoint is removed at once. Ends the stream for good. */
  deregister(reason: string): Promise<void>;
  /** Ends the stream; the lease runs out by itself. */
  close(): Promise<void>;
  /** Healthy when nothing is checked. */
  readonly health: ApplicationHealth;
  /** The control plane knows this instance, on the stream that is open. */
  readonly registered: boolean;
  /** What a successor continues; empty before the first registration. */
  readonly leaseId: string;
}

const LOAD_INTERVAL_MS = 1_000;

const WIRE_HEALTH: Readonly<Record<ApplicationHealth, Health>> = {
  unknown: Health.UNKNOWN,
  healthy: Health.HEALTHY,
  unhealthy: Health.UNHEALTHY,
};

/** Makes the agent. */
export function createAgent(options: AgentOptions, deps: ControlStreamDeps): Agent {
  return new AgentClient(options, deps);
}

class AgentClient implements Agent {
  readonly #options: AgentOptions;
  readonly #deps: ControlStreamDeps;
  readonly #stream: ControlStream<AgentServiceClient, AgentMessage, ControlMessage>;
  readonly #check: HealthCheck | null;
  readonly #meter: LoadMeter;
  readonly #incarnation: string;
  #leaseId = '';
  #checking = false;
  /** Resolves once the control plane has said that no new traffic will come. */
  readonly #out = Promise.withResolvers<true>();
  #registered = false;
  #sequence = 0;
  /** The last report of breakers was not empty. */
  #toldBreakers = false;
  #heartbeats: Timer | null = null;
  #intervalMs = 0;
  #loads: Timer | null = null;

  constructor(options: AgentOptions, deps: ControlStreamDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#incarnation = `${deps.random.uint32().toString(16)}${deps.random.uint32().toString(16)}`;
    this.#meter = new LoadMeter(options.load, deps.clock.nowMs());
    const { check } = options.settings;
    this.#check =
      check === null
        ? null
        : new HealthCheck(createProbe(check, deps.timers), check, deps.clock, deps.timers, () => this.#healthChanged());
    this.#stream = new ControlStream(
      {
        target: options.target,
        authority: options.settings.clusterName,
        credentials: options.credentials,
        createClient: (...args) => new AgentServiceClient(...args),
        open: (client, metadata) => client.connect(metadata),
        onUp: () => this.#register(),
        onMessage: (message: ControlMessage) => this.#receive(message),
        onDown: () => this.#stopTelling(),
      },
      deps,
    );
  }

  get health(): ApplicationHealth {
    return this.#check?.state.health ?? 'healthy';
  }

  get registered(): boolean {
    return this.#registered;
  }

  get leaseId(): string {
    return this.#leaseId;
  }

  startChecking(): void {
    if (!this.#checking) this.#check?.start();
    this.#checking = true;
  }

  start(leaseId = ''): void {
    this.#leaseId = leaseId;
    this.startChecking();
    this.#stream.start();
  }

  async leave(reason: string, limitMs: number): Promise<boolean> {
    this.#send({ $case: 'leave', value: { reason } });
    // Who is not connected cannot ask; it may have been told before.
    const over = Promise.withResolvers<false>();
    const timer = this.#deps.timers.after(this.#registered ? limitMs : 0, () => over.resolve(false));
    const out = await Promise.race([this.#out.promise, over.promise]);
    timer.cancel();
    return out;
  }

  deregister(reason: string): Promise<void> {
    this.#send({ $case: 'deregister', value: { reason } });
    return this.close();
  }

  close(): Promise<void> {
    this.#check?.close();
    this.#stopTelling();
    return this.#stream.close();
  }

  #register(): void {
    const { nodeId, pid, settings } = this.#options;
    const { workload, services, version, region, zone, subZone, address, port, protocol, weight, metadata } = settings;
    const place = { region, zone, subZone, address, port, protocol };
    const identity = { workload, services: [...services], version, ...place, weight, metadata };
    this.#send({
      $case: 'register',
      value: { nodeId, identity, pid, leaseId: this.#leaseId, incarnation: this.#incarnation },
    });
  }

  /** What is newer than this sidecar means nothing to it. */
  #receive({ message }: ControlMessage): void {
    if (message?.$case === 'registered') this.#start(message.value);
    else if (message?.$case === 'heartbeatAck') this.#beatEvery(message.value.heartbeatIntervalMs);
    else if (message?.$case === 'drain') this.#drain(message.value);
    else if (message?.$case === 'refused') this.#refused(message.value.reason);
  }

  /** The lease may be what is wrong: the next try asks for a new one. */
  #refused(reason: string): void {
    this.#leaseId = '';
    this.#deps.logger.error({ reason }, 'the control plane refuses this instance');
  }

  #start({ leaseId, heartbeatIntervalMs }: Registered): void {
    this.#stopTelling();
    this.#leaseId = leaseId;
    this.#registered = true;
    this.#sequence = 0;
    this.#heartbeat();
    const { timers, logger, clock } = this.#deps;
    this.#beatEvery(Math.max(1, heartbeatIntervalMs));
    this.#loads = timers.every(LOAD_INTERVAL_MS, () => {
      this.#send({ $case: 'loadReport', value: this.#meter.report(clock.nowMs()) });
      this.#tellBreakers();
    });
    logger.info({ leaseId, heartbeatIntervalMs }, 'registered with the control plane');
  }

  /** 0 leaves it as it is: the control plane has not said anything. */
  #beatEvery(intervalMs: number): void {
    if (intervalMs === 0 || intervalMs === this.#intervalMs || !this.#registered) return;
    this.#heartbeats?.cancel();
    this.#intervalMs = intervalMs;
    this.#heartbeats = this.#deps.timers.every(intervalMs, () => this.#heartbeat());
  }

  /** Once more when there is nothing left to tell, so that nothing is left standing. */
  #tellBreakers(): void {
    const breakers = this.#options.breakers().slice(0, BREAKER_REPORT_MAX);
    if (breakers.length > 0 || this.#toldBreakers)
      this.#send({ $case: 'breakerReport', value: { breakers: [...breakers] } });
    this.#toldBreakers = breakers.length > 0;
  }

  #drain({ deadlineMs, reason }: Drain): void {
    this.#deps.logger.info({ deadlineMs, reason }, 'the control plane takes this instance out');
    this.#out.resolve(true);
    this.#options.onDrain({ deadlineMs, reason });
  }

  #heartbeat(): void {
    const health = WIRE_HEALTH[this.health];
    const healthReason = this.#check?.state.reason ?? '';
    this.#send({ $case: 'heartbeat', value: { sequence: ++this.#sequence, health, healthReason } });
  }

  #healthChanged(): void {
    const { health, reason } = this.#check?.state ?? { health: 'unknown', reason: '' };
    this.#deps.logger.info({ health, reason }, 'health of the application');
    if (this.#registered) this.#heartbeat();
  }

  #stopTelling(): void {
    this.#registered = false;
    this.#intervalMs = 0;
    this.#heartbeats?.cancel();
    this.#loads?.cancel();
  }

  #send(message: NonNullable<AgentMessage['message']>): void {
    this.#stream.write(AgentMessage.fromPartial({ message }));
  }
}
