/**
 * The hostile clients of the abuse bench and the server that their requests go to: a process of their own, so that it can be
 * started on the good client's core with what the good client leaves of it. Ordered about over Node's channel.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { assault } from '../../test/component/data-plane/http2-assault.ts';
import { HOSTILE, PROBES } from '../../test/component/data-plane/http2-probes.ts';
import { RawHttp2 } from '../../test/fakes/raw-http2.ts';
import { nextMessage, stopChild } from '../../test/peers/http2/child-channel.ts';
import { Neighbour } from '../../test/peers/http2/neighbour.ts';

/** `probe` is a number among PROBES. */
interface Order {
  readonly port: number;
  readonly probe: number;
  readonly ms: number;
}

type Report = { readonly serverPort: number } | { readonly done: true };

/** See the head of this file. */
export class Assailants {
  readonly #child: ChildProcess;
  /** Where their server listens. */
  readonly serverPort: number;

  private constructor(child: ChildProcess, serverPort: number) {
    this.#child = child;
    this.serverPort = serverPort;
  }

  /** SCHED_IDLE is below every nice value: whoever else wants the core gets it at once. */
  static async start(core: number): Promise<Assailants> {
    const command = ['-c', String(core), 'chrt', '--idle', '0', process.execPath, import.meta.filename];
    const child = spawn('taskset', command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const report = await nextMessage<Report>(child, 'the hostile clients');
    if (!('serverPort' in report)) throw new Error('the hostile clients begin with something else than their port');
    return new Assailants(child, report.serverPort);
  }

  /** Attacks that port for so long, again when an attack has been ended before. */
  async attack(port: number, probe: number, ms: number): Promise<void> {
    this.#child.send({ port, probe, ms } satisfies Order);
    await nextMessage<Report>(this.#child, 'the hostile clients');
  }

  async stop(): Promise<void> {
    await stopChild(this.#child);
  }
}

async function attack({ port, probe, ms }: Order): Promise<void> {
  const { options } = PROBES[probe]!;
  const untilMs = performance.now() + ms;
  do {
    const clients = Array.from({ length: HOSTILE }, () => RawHttp2.connect(port, options));
    await Promise.all(clients.map((client) => assault(client, PROBES[probe]!)));
    for (const client of clients) client.destroy();
  } while (performance.now() < untilMs);
}

async function serve(): Promise<void> {
  const server = await Neighbour.start();
  process.on('message', async (order: Order) => {
    await attack(order);
    process.send!({ done: true } satisfies Report);
  });
  process.on('disconnect', () => process.exit());
  process.send!({ serverPort: server.serverPort } satisfies Report);
}

if (process.argv[1] === import.meta.filename) await serve();
