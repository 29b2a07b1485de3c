/**
 * What the mesh costs: Outrider with all that the control plane configures by default, beside the same path with the
 * features of the other benches, and with none. On the way out a request becomes HTTP/2, on the way in it comes by it.
 *
 * On the way out all have the same four endpoints: each more is a connection, hence a system call in every turn of the
 * loop, which is no feature's cost. What it is shows in the row of one endpoint.
 */
import type { BenchOptions } from '../options.ts';
import { SIDECARS, selectPeers } from '../peers/peers.ts';
import type { Result } from '../results.ts';
import { hopShape } from './http2.ts';
import { type Candidate, runPathBench } from './path-bench.ts';

/** The two ways, each with features off, with those of the other benches, and with the mesh's defaults. */
function candidates(): Candidate[] {
  const [outrider] = selectPeers('outrider');
  const ways = [
    { way: 'out', kind: 'http1-to-http2', sidecar: SIDECARS[0]! },
    { way: 'in', kind: 'http2-to-http1', sidecar: SIDECARS[1]! },
  ] as const;
  return ways.flatMap(({ way, kind, sidecar }) => [
    ...(way === 'out' ? [{ name: 'out, features off, one endpoint', peer: outrider!, kind, features: false }] : []),
    { name: `${way}, features off`, peer: outrider!, kind, features: false, everyEndpoint: way === 'out' },
    { name: `${way}, features on`, peer: outrider!, kind, features: true },
    { name: `${way}, mesh`, peer: sidecar, kind, features: true },
  ]);
}

/** The bench. Ratios are given to features off. */
export function benchMesh(options: BenchOptions): Promise<Result> {
  const { connections, responseBytes } = options;
  return runPathBench(options, {
    key: `mesh connections=${connections} response=${responseBytes}`,
    backend: 'plain',
    candidates: candidates(),
    missing: {},
    shape: hopShape(connections),
    references: ['out, features off', 'in, features off'],
  });
}
