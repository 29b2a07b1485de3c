/**
 * For tests: command lines against a control plane of the test's own making.
 */
import { MockAgent } from 'undici';
import type { CliContext } from './context.ts';
import { runCommand } from './program.ts';

/** Where the control plane of tests is. */
export const SERVER = 'http://127.0.0.1:15080';

/** What a command came to. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A request that the control plane knows, and its answer. */
export interface FakeCall {
  readonly server?: string;
  readonly method?: string;
  readonly path: string;
  readonly status?: number;
  readonly answer: unknown;
}

/** Runs a command line against a control plane that knows only `calls`. */
export async function run(argv: readonly string[], calls: readonly FakeCall[] = [], stdin = ''): Promise<Outcome> {
  const agent = new MockAgent();
  agent.disableNetConnect();
  for (const { server = SERVER, method = 'GET', path, status = 200, answer } of calls) {
    const text = typeof answer === 'string' ? answer : JSON.stringify(answer);
    agent.get(server).intercept({ method, path }).reply(status, text);
  }
  return runIn({ env: { OUTRIDER_SERVER: SERVER }, readStdin: async () => stdin, dispatcher: agent }, argv);
}

/** Runs a command line in a place that is nowhere, but for what is said of it. */
export async function runIn(place: Partial<CliContext>, argv: readonly string[]): Promise<Outcome> {
  let out = '';
  let err = '';
  const code = await runCommand(argv, {
    env: {},
    script: '/nowhere/outrider',
    cwd: '/nowhere',
    user: 'ann',
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    isTerminal: false,
    readStdin: async () => '',
    ...place,
  });
  return { code, out, err };
}
