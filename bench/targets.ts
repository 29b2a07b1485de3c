/** What Outrider is to cost at most, relative to a peer in the same rounds. The result of a bench says what was met. */

export interface Target {
  /** What the result's key begins with. */
  readonly bench: string;
  readonly peer: string;
  readonly reference: string;
  /** Ratio of the first figure, CPU time per request. */
  readonly atMost: number;
}

/** With features on. */
export const TARGETS: readonly Target[] = [
  { bench: 'grpc features=on 10x10 response=100', peer: 'outrider', reference: 'haproxy', atMost: 0.85 },
  { bench: 'grpc features=on 10x10 response=100', peer: 'outrider', reference: 'nginx', atMost: 0.3 },
  { bench: 'grpc features=on 10x10 response=100', peer: 'outrider', reference: 'envoy', atMost: 0.25 },
  { bench: 'grpc features=on 10x10 response=100', peer: 'outrider', reference: 'node-http2', atMost: 0.1 },
  {
    bench: 'hop features=on connections=64 response=100',
    peer: 'outrider h1 to h2',
    reference: 'outrider h1 to h1',
    atMost: 1,
  },
];
