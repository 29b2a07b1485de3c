/**
 * What the mesh costs: Outrider with all that the control plane configures by default, beside the same path with the
 * features of the other benches, and with none. On the way out a request becomes HTTP/2, on the way in it comes by it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchOptions } from '../options.ts';
import { type Peer, SIDECARS, selectPeers } from '../peers/peers.ts';
import type { ScenarioKind } from '../peers/scenario.ts';
import { sendsHttp2 } from '../peers/scenario.ts';
import { residentMb } from '../proc.ts';
import type { Result } from '../results.ts';
import { startPeer } from '../running-peers.ts';
import { H2load } from './h2load.ts';
import { HOP_STREAMS, measureTargets, refuseUnfit, type Target } from './http2.ts';
import { startLoad } from './load-bench.ts';

interface Candidate {
  readonly name: string;
  readonly peer: Peer;
  readonly kind: ScenarioKind;
  readonly features: boolean;
}

/** The two ways, each with features off, with those of the other benches, and with the mesh's defaults. */
function candidates(): Candidate[] {
  const [outrider] = selectPeers('outrider');
  const ways = [
    { way: 'out', kind: 'http1-to-http2', sidecar: SIDECARS[0]! },
    { way: 'in', kind: 'http2-to-http1', sidecar: SIDECARS[1]! },
  ] as const;
  return ways.flatMap(({ way, kind, sidecar }) => [
    { name: `${way}, features off`, peer: outrider!, kind, features: false },
    { name: `${way}, features on`, peer: outrider!, kind, features: true },
    { name: `${way}, mesh`, peer: sidecar, kind, features: true },
  ]);
}

/** The bench. Ratios are given to features off. */
export async function benchMesh(options: BenchOptions): Promise<Result> {
  refuseUnfit(options);
  const folder = mkdtempSync(join(tmpdir(), 'outrider-bench-'));
  const load = await startLoad(options, folder, { http2: 'plain' });
  const targets: Target[] = [];
  const missing: Record<string, string> = {};
  const { responseBytes, proxyCore, connections } = options;
  try {
    for (const { name, peer, kind, features } of candidates()) {
      const backendPorts = sendsHttp2(kind) ? load.http2Ports : load.backendPorts;
      try {
        const running = await startPeer(peer, { kind, features, backendPorts, responseBytes }, proxyCore);
        targets.push({ name, running, idleMb: residentMb(running.process.pid) });
      } catch (error) {
        missing[name] = (error as Error).message;
      }
    }
    const bench = {
      key: `mesh connections=${connections} response=${responseBytes}`,
      backend: 'plain',
      paths: [],
      shape: { connections: Math.ceil(connections / HOP_STREAMS), streams: HOP_STREAMS },
      references: ['out, features off', 'in, features off'],
    } as const;
    return await measureTargets(targets, missing, load, options, bench, new H2load(load, options, folder));
  } finally {
    await Promise.all([load.tool.stop(), ...targets.map(({ running }) => running.stop())]);
    rmSync(folder, { recursive: true, force: true });
  }
}
