/**
 * The environment of an application. Pure.
 */
import type { Workload } from '../../../state/model.ts';
import type { ReplicaPorts } from './record.ts';

/** What of the control plane's own environment an application inherits: what describes the machine, no secrets. */
const INHERITED = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'TERM'];

/** The folder of a process's replica, by which its processes are known among all others of the machine. */
export const RUN_VARIABLE = 'OUTRIDER_RUN';

/** What an application's environment is made from. */
export interface EnvironmentInput {
  readonly workload: Workload;
  readonly index: number;
  readonly ports: ReplicaPorts;
  readonly directory: string;
  readonly settingsFile: string;
  /** The control plane's own. */
  readonly own: Readonly<Record<string, string | undefined>>;
  /** The folder of the Node that runs the control plane: `node` in a command is this one. */
  readonly nodeDirectory: string;
}

/** All variables. What the user wrote wins over what is inherited, what the mesh needs over both. */
export function applicationEnvironment(input: EnvironmentInput): Record<string, string> {
  const { workload, index, ports } = input;
  return {
    ...baseEnvironment(input.own, input.nodeDirectory),
    ...workload.environment,
    HOST: '127.0.0.1',
    PORT: String(ports.app),
    ...outboundVariables(`127.0.0.1:${ports.outbound}`),
    OUTRIDER_SETTINGS: `http://127.0.0.1:${ports.settings}`,
    OUTRIDER_SETTINGS_FILE: input.settingsFile,
    OUTRIDER_WORKLOAD: workload.name,
    OUTRIDER_REPLICA: String(index),
    OUTRIDER_VERSION: workload.version,
    [RUN_VARIABLE]: input.directory,
  };
}

/** What leads an application's requests to its sidecar; `address` is host and port of the outbound listener. */
export function outboundVariables(address: string): Record<string, string> {
  const outbound = `http://${address}`;
  // What is on this machine, its own settings port above all, is not asked for through the mesh.
  const direct = '127.0.0.1,localhost,::1';
  return {
    HTTP_PROXY: outbound,
    // curl reads no other: servers get HTTP_PROXY from a header `Proxy` by CGI.
    http_proxy: outbound,
    NO_PROXY: direct,
    no_proxy: direct,
    NODE_USE_ENV_PROXY: '1',
    OUTRIDER_OUTBOUND: outbound,
  };
}

/**
 * All variables of a sidecar. One pool of the C library's memory instead of one per thread, which is a megabyte less
 * resident; Node reads nothing of the kind itself, so it has to be there when the process starts.
 */
export function sidecarEnvironment(
  own: Readonly<Record<string, string | undefined>>,
  nodeDirectory: string,
): Record<string, string> {
  return { ...baseEnvironment(own, nodeDirectory), MALLOC_ARENA_MAX: '1' };
}

/** What every process of a replica gets. */
export function baseEnvironment(
  own: Readonly<Record<string, string | undefined>>,
  nodeDirectory: string,
): Record<string, string> {
  const inherited = INHERITED.flatMap((name) => (own[name] === undefined ? [] : [[name, own[name]] as const]));
  return { ...Object.fromEntries(inherited), PATH: `${nodeDirectory}:${own.PATH ?? '/usr/bin:/bin'}` };
}
