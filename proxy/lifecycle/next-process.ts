/**
 * The successor as a process, and what it reads when it starts: which sockets are its own. They are inherited as
 * descriptors, since that is the same socket, and needs no message that could be lost.
 */
import { spawn } from 'node:child_process';
import { INHERITANCE_VARIABLE, type NextProcess } from '../../protos/contract/handover.ts';
import type { HandedSocket } from '../net/inherited-sockets.ts';
import type { Successor, SuccessorMessage } from './hot-restart.ts';

/** The descriptor of the line to `outrider run`. */
export const LINK_VARIABLE = 'OUTRIDER_LINK';

/** What a successor starts with: INHERITANCE_VARIABLE, as JSON, names the sockets by their descriptors. */
export interface Inheritance {
  /** Hot restarts before it. */
  readonly epoch: number;
  readonly sockets: readonly HandedSocket[];
  /** Descriptor of the line to `outrider run`; null without one. */
  readonly link: number | null;
}

/** How this process was started, and what it hands on. */
export interface Origin {
  readonly execPath: string;
  readonly execArgv: readonly string[];
  /** Script and arguments. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly epoch: number;
  readonly link: number | null;
}

/** Standard streams and the channel for messages come before it. */
const FIRST_FD = 4;

/** Reads what a predecessor left; null when there is none. */
export function readInheritance(text: string | undefined): Inheritance | null {
  return text === undefined ? null : (JSON.parse(text) as Inheritance);
}

/** Starts the successor as `next` says, else like this process was started, from whatever is installed now. */
export function spawnSuccessor(origin: Origin, next: NextProcess | null, sockets: readonly HandedSocket[]): Successor {
  const { epoch, link } = origin;
  const { command, cwd, env } = next ?? likeThis(origin);
  const fds = [...sockets.map(({ fd }) => fd), ...(link === null ? [] : [link])];
  const inheritance: Inheritance = {
    epoch: epoch + 1,
    sockets: sockets.map((each, i) => ({ ...each, fd: FIRST_FD + i })),
    link: link === null ? null : FIRST_FD + sockets.length,
  };
  const { [LINK_VARIABLE]: _link, ...own } = env;
  const [program, ...args] = command;
  const child = spawn(program!, args, {
    cwd,
    // Of its own, like the first: it is no part of what ends with us.
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc', ...fds],
    env: { ...own, [INHERITANCE_VARIABLE]: JSON.stringify(inheritance) },
  });
  return {
    pid: child.pid ?? 0,
    send: (message) => void child.send(message, () => {}),
    onMessage: (listener) => void child.on('message', (message) => listener(message as SuccessorMessage)),
    onExit: (listener) => {
      child.once('error', (error) => listener(`cannot be started: ${error.message}`));
      child.once('exit', (code, signal) =>
        listener(signal === null ? `exited with ${code}` : `was ended by ${signal}`),
      );
    },
    kill: () => void child.kill('SIGKILL'),
  };
}

function likeThis({ execPath, execArgv, argv, env }: Origin) {
  return { command: [execPath, ...execArgv, ...argv], cwd: undefined, env };
}
