/** Command line of the control plane's bench. */
import { parseArgs } from 'node:util';
import { parseNumber } from '../options.ts';
import type { Protocol } from './sidecar.ts';

/** What the bench is told. */
export interface ControlPlaneOptions {
  readonly streams: number;
  readonly services: number;
  /** Of each service. */
  readonly endpoints: number;
  readonly protocols: readonly Protocol[];
  /** Changes of each direction: an endpoint that goes, and one that comes. */
  readonly rounds: number;
  /** Services of the mesh that a control plane is started on; 0 leaves that out. */
  readonly largeServices: number;
  readonly serverCore: number;
  readonly loadCore: number;
}

/** Options and their defaults, for the usage text. */
export const CONTROL_PLANE_HELP =
  '[--streams 1000] [--services 100] [--endpoints 10] [--protocols delta,sotw] [--rounds 5] [--large 10000] [--cores 0,1]';

/** Reads them. Throws with the option, the value and what it may be. */
export function parseControlPlaneOptions(args: readonly string[]): ControlPlaneOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      streams: { type: 'string', default: '1000' },
      services: { type: 'string', default: '100' },
      endpoints: { type: 'string', default: '10' },
      protocols: { type: 'string', default: 'delta,sotw' },
      rounds: { type: 'string', default: '5' },
      large: { type: 'string', default: '10000' },
      cores: { type: 'string', default: '0,1' },
    },
  });
  const [serverCore = 0, loadCore = 1] = values.cores
    .split(',')
    .map((core) => parseNumber('--cores', core, 0, 4095, true));
  return {
    streams: parseNumber('--streams', values.streams, 1, 10_000, true),
    services: parseNumber('--services', values.services, 1, 1_000, true),
    endpoints: parseNumber('--endpoints', values.endpoints, 1, 100, true),
    protocols: values.protocols.split(',').map(parseProtocol),
    rounds: parseNumber('--rounds', values.rounds, 1, 100, true),
    largeServices: parseNumber('--large', values.large, 0, 15_000, true),
    serverCore,
    loadCore,
  };
}

function parseProtocol(text: string): Protocol {
  if (text === 'delta' || text === 'sotw') return text;
  throw new Error(`--protocols ${text}: give delta, sotw, or both with a comma between`);
}
