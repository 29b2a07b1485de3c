/**
 * The agents' side of the control plane: each sidecar keeps one stream open, registers on it, and is heard on it.
 */
import { randomUUID } from 'node:crypto';
import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import { unreachable } from '../../kernel/assert.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import { formatRejection } from '../../protos/contract/reject-reason.ts';
import {
  type AgentMessage,
  ControlMessage,
  type Heartbeat,
  type Register,
  Health as WireHealth,
} from '../../protos/gen/outrider/agent/v1/agent.ts';
import type { SharedBreakers } from '../breakers/shared-breakers.ts';
import { failCall } from '../grpc-failure.ts';
import { identityProblem } from '../registry/identity-problem.ts';
import type { Health, InstanceIdentity } from '../registry/instance.ts';
import type { Registry } from '../registry/registry.ts';
import type { LoadReports } from './load-reports.ts';

/** What the server needs. */
export interface AgentServerDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly loads: LoadReports;
  readonly breakers: SharedBreakers;
  /** An instance asks to be taken out; it is told to drain once that has happened. */
  readonly leave: (id: string, services: readonly string[], reason: string) => void;
}

type Call = ServerDuplexStream<AgentMessage, ControlMessage>;
type Message = ControlMessage['message'];

/** A registered agent and its stream. */
interface Session {
  readonly id: string;
  readonly leaseId: string;
  readonly services: readonly string[];
  /** Of the sidecar, on its machine. */
  readonly pid: number;
  readonly call: Call;
}

/** See the head of this file. */
export class AgentServer {
  readonly #deps: AgentServerDeps;
  /** By instance id; a newer stream takes the place of an older one. */
  readonly #sessions = new Map<string, Session>();

  constructor(deps: AgentServerDeps) {
    this.#deps = deps;
  }

  /** The methods of the service, for `server.addService(AgentServiceService, ...)`. */
  handlers() {
    return { connect: (call: Call) => this.#serve(call) };
  }

  /** Tells an instance that no new traffic will come. False when it has no stream open. */
  sendDrain(id: string, deadlineMs: number, reason: string): boolean {
    const session = this.#sessions.get(id);
    if (session === undefined) return false;
    send(session.call, { $case: 'drain', value: { deadlineMs, reason } });
    return true;
  }

  /** The process that stands for an instance; undefined when it has no stream open. */
  pidOf(id: string): number | undefined {
    return this.#sessions.get(id)?.pid;
  }

  #serve(call: Call): void {
    let session: Session | undefined;
    call.on('data', ({ message }: AgentMessage) => {
      if (session === undefined) session = this.#register(call, message);
      else this.#receive(session, message);
    });
    const close = () => {
      if (session !== undefined) this.#close(session);
      session = undefined;
    };
    call.on('error', close);
    call.on('cancelled', close);
    call.on('end', () => {
      close();
      call.end();
    });
  }

  #register(call: Call, message: AgentMessage['message']): Session | undefined {
    if (message?.$case !== 'register') {
      failCall(call, status.INVALID_ARGUMENT, 'the first message must be register');
      return undefined;
    }
    const { registry, logger } = this.#deps;
    const register = message.value;
    const identity = identityOf(register);
    const problem = identityProblem(identity);
    if (problem !== undefined) return this.#refuse(call, identity.id, formatRejection('invalid', problem));
    const registered = registry.register({
      identity,
      leaseId: register.leaseId,
      newLeaseId: randomUUID(),
      renewal: null,
    });
    if (!registered.ok) return this.#refuse(call, identity.id, formatRejection('forbidden', registered.error.message));
    const { leaseId } = registered.value;
    const session = { id: identity.id, leaseId, services: identity.services, pid: register.pid, call };
    this.#sessions.set(session.id, session);
    logger.info({ instance: session.id, services: identity.services, port: identity.port }, 'instance registered');
    send(call, { $case: 'registered', value: { leaseId: session.leaseId, ...registry.terms() } });
    return session;
  }

  #refuse(call: Call, instance: string, reason: string): undefined {
    this.#deps.logger.warn({ instance, reason }, 'registration refused');
    send(call, { $case: 'refused', value: { reason } });
    call.end();
    return undefined;
  }

  #receive(session: Session, message: AgentMessage['message']): void {
    switch (message?.$case) {
      case undefined:
        break;
      case 'heartbeat':
        this.#heartbeat(session, message.value);
        break;
      case 'loadReport':
        this.#deps.loads.record(session.id, message.value, this.#deps.clock.nowMs());
        break;
      case 'breakerReport':
        this.#deps.breakers.report(session.id, message.value.breakers);
        break;
      case 'deregister':
        this.#deps.logger.info({ instance: session.id, reason: message.value.reason }, 'instance deregistered');
        this.#deps.loads.forget(session.id);
        this.#deps.registry.remove(session.id);
        break;
      case 'leave':
        this.#deps.leave(session.id, session.services, message.value.reason);
        break;
      case 'register':
        // One stream is one lease: whoever registers again does so on a new stream.
        session.call.end();
        break;
      default:
        unreachable(message);
    }
  }

  #heartbeat({ id, leaseId, call }: Session, { sequence, health, healthReason }: Heartbeat): void {
    const known = this.#deps.registry.heartbeat(id, leaseId, HEALTH[health] ?? 'unknown', healthReason);
    if (known) send(call, { $case: 'heartbeatAck', value: { sequence, ...this.#deps.registry.terms() } });
    // Its lease is gone: the end of the stream makes it register again.
    else call.end();
  }

  #close(session: Session): void {
    // A newer stream, perhaps of the process that took over, stands for the instance now.
    if (this.#sessions.get(session.id) !== session) return;
    this.#sessions.delete(session.id);
    this.#deps.breakers.forget(session.id);
    this.#deps.registry.disconnected(session.id, session.leaseId);
  }
}

const HEALTH: Readonly<Record<number, Health>> = {
  [WireHealth.UNKNOWN]: 'unknown',
  [WireHealth.HEALTHY]: 'healthy',
  [WireHealth.UNHEALTHY]: 'unhealthy',
};

function send(call: Call, message: NonNullable<Message>): void {
  call.write(ControlMessage.fromPartial({ message }));
}

function identityOf({ nodeId, identity, pid, incarnation }: Register): InstanceIdentity {
  return {
    id: nodeId,
    workload: identity?.workload ?? '',
    services: identity?.services ?? [],
    version: identity?.version ?? '',
    region: identity?.region ?? '',
    zone: identity?.zone ?? '',
    subZone: identity?.subZone ?? '',
    address: identity?.address ?? '',
    port: identity?.port ?? 0,
    protocol: identity?.protocol ?? '',
    weight: identity?.weight ?? 0,
    metadata: identity?.metadata ?? {},
    incarnation: incarnation || `${pid}@${identity?.address}:${identity?.port}`,
  };
}
