/** Command line of the benches against peers. */
import { parseArgs } from 'node:util';
import { PEERS, type Peer, selectPeers } from './peers/peers.ts';

/** What a bench against peers is told. */
export interface BenchOptions {
  /** Rounds that every peer is measured in, default 5. */
  readonly rounds: number;
  /** Length of one measurement in seconds, default 2. */
  readonly seconds: number;
  /** Keep-alive connections of the load generator, default 64. */
  readonly connections: number;
  /** Request heads of 70 bytes, or of 630 as a browser sends them. Default small. */
  readonly request: 'small' | 'real';
  /** Length of every response body, default 100. */
  readonly responseBytes: number;
  readonly peers: readonly Peer[];
  readonly features: boolean;
  /** Requests a second of the open loop; 0, the default, is the closed loop. */
  readonly rate: number;
  /** File that the result is written into; undefined to only print it. */
  readonly json: string | undefined;
  /** The core of the proxy and the core of the load generator with its backend, default 0 and 1. */
  readonly proxyCore: number;
  readonly loadCore: number;
  /** The largest share of the two cores' time that others may take in a clean measurement, default 0.06. */
  readonly foreignShareMax: number;
}

/** Options and their defaults, for the usage text. */
export const OPTION_HELP =
  '[--rounds 5] [--seconds 2] [--connections 64] [--request small|real] [--response-bytes 100] ' +
  `[--peers ${PEERS.map((peer) => peer.name).join(',')}[,NAME=BUNDLE]] [--features on|off] [--rate N] [--json FILE] ` +
  '[--cores 0,1] [--foreign-max 0.06]';

/** Options of a bench. Throws with the option, the value and what it may be. */
export function parseBenchOptions(args: readonly string[], features: 'on' | 'off'): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '2' },
      connections: { type: 'string', default: '64' },
      request: { type: 'string', default: 'small' },
      'response-bytes': { type: 'string', default: '100' },
      peers: { type: 'string', default: PEERS.map((peer) => peer.name).join(',') },
      features: { type: 'string', default: features },
      rate: { type: 'string', default: '0' },
      json: { type: 'string' },
      cores: { type: 'string', default: '0,1' },
      'foreign-max': { type: 'string', default: '0.06' },
    },
  });
  const [proxyCore, loadCore] = parseCores(values.cores);
  return {
    rounds: parseNumber('--rounds', values.rounds, 1, 100, true),
    seconds: parseNumber('--seconds', values.seconds, 0.1, 600, false),
    connections: parseNumber('--connections', values.connections, 1, 10_000, true),
    request: parseChoice('--request', values.request, ['small', 'real']),
    responseBytes: parseNumber('--response-bytes', values['response-bytes'], 0, 64 * 2 ** 20, true),
    peers: selectPeers(values.peers),
    features: parseChoice('--features', values.features, ['on', 'off']) === 'on',
    rate: parseNumber('--rate', values.rate, 0, 1_000_000, true),
    json: values.json,
    proxyCore,
    loadCore,
    foreignShareMax: parseNumber('--foreign-max', values['foreign-max'], 0, 1, false),
  };
}

/** A number within limits. Throws with the option's name otherwise. */
export function parseNumber(option: string, text: string, min: number, max: number, whole: boolean): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value >= min && value <= max && (!whole || Number.isInteger(value))) return value;
  throw new Error(`${option} ${text}: give a ${whole ? 'whole ' : ''}number from ${min} to ${max}`);
}

function parseChoice<T extends string>(option: string, text: string, choices: readonly T[]): T {
  const choice = choices.find((each) => each === text);
  if (choice !== undefined) return choice;
  throw new Error(`${option} ${text}: give one of ${choices.join(', ')}`);
}

function parseCores(text: string): [number, number] {
  const cores = text.split(',').map((core) => parseNumber('--cores', core, 0, 4095, true));
  const [proxy, load] = cores;
  if (cores.length !== 2 || proxy === undefined || load === undefined || proxy === load) {
    throw new Error(`--cores ${text}: give two different cores, the proxy's and the load generator's, such as 0,1`);
  }
  return [proxy, load];
}
