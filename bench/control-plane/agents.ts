/** The agents of all instances, on few connections: they are there so that there are endpoints, and are not measured. */
import { AgentMessage, ControlMessage, Health } from '../../protos/gen/outrider/agent/v1/agent.ts';
import { RawConnection } from './raw-grpc.ts';

const CONNECT = '/outrider.agent.v1.AgentService/Connect';
const STREAMS_PER_CONNECTION = 100;
const HEARTBEAT_MS = 5000;

/** One instance. */
export interface Instance {
  readonly id: string;
  readonly workload: string;
  readonly port: number;
}

/** See the head of this file. */
export class Agents {
  readonly #connections: RawConnection[] = [];
  readonly #writers = new Map<string, (message: Uint8Array) => void>();
  /** What each one says of its application from now on. */
  readonly #health = new Map<string, Health>();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #address: { readonly host: string; readonly port: number };

  constructor(address: { readonly host: string; readonly port: number }) {
    this.#address = address;
  }

  /** Registers all of them as healthy; resolves when the control plane has taken each one in. */
  async register(instances: readonly Instance[]): Promise<void> {
    for (const [index, instance] of instances.entries()) {
      if (index % STREAMS_PER_CONNECTION === 0)
        this.#connections.push(new RawConnection(this.#address.host, this.#address.port));
      await this.#start(this.#connections.at(-1)!, instance);
    }
    // Spread over the interval, as those of real sidecars are.
    const ids = [...this.#writers.keys()];
    let next = 0;
    this.#timers.push(
      setInterval(() => {
        for (let i = 0; i < Math.ceil(ids.length / 100); i++) this.beat(ids[next++ % ids.length]!);
      }, HEARTBEAT_MS / 100),
    );
  }

  /** One heartbeat; `health` is said in the later ones, too. */
  beat(id: string, health = this.#health.get(id) ?? Health.HEALTHY): void {
    this.#health.set(id, health);
    const value = { sequence: 1, health, healthReason: '' };
    this.#writers.get(id)!(
      AgentMessage.encode(AgentMessage.fromPartial({ message: { $case: 'heartbeat', value } })).finish(),
    );
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    for (const connection of this.#connections) await connection.close();
  }

  #start(connection: RawConnection, { id, workload, port }: Instance): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const write = connection.open(CONNECT, (bytes) => {
      const { message } = ControlMessage.decode(bytes);
      if (message?.$case === 'refused') reject(new Error(message.value.reason));
      if (message?.$case === 'registered') this.beat(id, Health.HEALTHY);
      if (message?.$case === 'heartbeatAck') resolve();
    });
    this.#writers.set(id, write);
    const identity = {
      workload,
      services: [workload],
      version: 'v1',
      address: '10.0.0.1',
      port,
      protocol: 'http',
      weight: 1,
    };
    const value = { nodeId: id, identity, pid: 1, leaseId: '' };
    write(AgentMessage.encode(AgentMessage.fromPartial({ message: { $case: 'register', value } })).finish());
    return promise;
  }
}
