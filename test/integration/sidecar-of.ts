/** A real sidecar in this process, with the bootstrap that the driver would write, for tests that look inside. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { bootstrapJson } from '../../control-plane/orchestrator/driver/process/bootstrap.ts';
import type { ReplicaPorts } from '../../control-plane/orchestrator/driver/process/record.ts';
import { stateOf } from '../../control-plane/translate/test-fixtures.ts';
import { SystemClock } from '../../kernel/clock.ts';
import { type Logger, silentLogger } from '../../kernel/log.ts';
import { err } from '../../kernel/result.ts';
import { SystemTimers } from '../../kernel/timers.ts';
import { Sidecar } from '../../proxy/app.ts';
import { localSources } from '../../proxy/bootstrap/load-bootstrap.ts';
import { readBootstrap } from '../../proxy/bootstrap/read-bootstrap.ts';
import { FORMAT_COMMANDS } from '../../proxy/http/format.ts';
import { seededRandom } from '../fakes/fake-random.ts';
import { freePort } from '../free-ports.ts';

/** Whose sidecar it is. */
export interface SidecarPlace {
  readonly workload: string;
  /** The mesh as its users write it. */
  readonly mesh: string;
  /** `host:port` of the control plane. */
  readonly grpcAddress: string;
  /** Its own. */
  readonly directory: string;
  readonly ports: ReplicaPorts;
}

export async function freePorts(): Promise<ReplicaPorts> {
  const [app, inbound, outbound, admin, settings] = await Promise.all(Array.from({ length: 5 }, freePort));
  return { app: app!, inbound: inbound!, outbound: outbound!, admin: admin!, settings: settings! };
}

/** Makes it; `start` and `close` are the caller's. */
export async function makeSidecar(place: SidecarPlace, log: Logger = silentLogger): Promise<Sidecar> {
  const { workload, mesh, grpcAddress, directory, ports } = place;
  mkdirSync(directory, { recursive: true });
  const [host, port] = grpcAddress.split(':');
  const json = bootstrapJson({
    workload: stateOf(mesh).workloads.get(workload)!,
    index: 0,
    ports,
    controlPlanes: [{ host: host!, port: Number(port) }],
    trust: null,
    tokenFile: null,
    directory,
    settingsFile: join(directory, 'settings.json'),
    environment: {},
  });
  const sources = localSources(FORMAT_COMMANDS, {});
  const read = await readBootstrap('bootstrap.json', JSON.stringify(json), sources);
  if (!read.ok) throw new Error(JSON.stringify(read.errors));
  return new Sidecar(
    { config: read.bootstrap, message: read.message },
    {
      clock: new SystemClock(),
      timers: new SystemTimers(),
      random: seededRandom(),
      log,
      lookup: async (each) => [each],
      sources,
      configPath: '',
      pid: process.pid,
      memory: () => ({ allocatedBytes: 0, heapBytes: 0, residentBytes: 0 }),
      quit: () => undefined,
      leave: async () => 0,
      hotRestart: async () => err('not in a test'),
      epoch: 0,
    },
  );
}
