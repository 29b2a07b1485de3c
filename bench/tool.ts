/** A C tool that obeys lines on standard input and answers each with a line of JSON (bench/tools). */
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { toolPath } from './paths.ts';
import { PinnedProcess } from './processes.ts';

/** An answer: numbers, or lists of them. */
export type Answer = Readonly<Record<string, unknown>>;

/** The tool reported an error: the target refused or broke, not the bench. */
export class ToolError extends Error {}

/** One running tool; one command at a time. */
export class Tool {
  readonly #process: PinnedProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #name: string;

  private constructor(name: string, process: PinnedProcess) {
    this.#name = name;
    this.#process = process;
    this.#lines = createInterface({ input: process.stdout! })[Symbol.asyncIterator]();
  }

  /** Starts the tool on a core and resolves with it and its greeting. Throws when it is not built or does not start. */
  static async start(
    name: 'load' | 'bulk',
    core: number,
    args: readonly string[],
  ): Promise<{ tool: Tool; ready: Answer }> {
    const path = toolPath(name);
    if (!existsSync(path)) throw new Error(`${path} is not built: run "npm run bench -- setup" first`);
    const tool = new Tool(name, new PinnedProcess(core, path, args, true));
    return { tool, ready: await tool.#answer() };
  }

  /** Its process id, whose CPU time is that of the backend. */
  get pid(): number {
    return this.#process.pid;
  }

  /** Sends `verb key=value ...` and resolves with the answer. Throws a ToolError when the answer is an error. */
  async command(verb: string, options: Readonly<Record<string, number>> = {}): Promise<Answer> {
    const words = Object.entries(options).map(([key, value]) => `${key}=${value}`);
    this.#process.stdin?.write(`${[verb, ...words].join(' ')}\n`);
    const answer = await this.#answer();
    if (typeof answer.error === 'string') throw new ToolError(answer.error);
    return answer;
  }

  /** Ends the tool. */
  async stop(): Promise<void> {
    await this.#process.stop();
  }

  async #answer(): Promise<Answer> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`the tool "${this.#name}" has ended: ${this.#process.lastWords}`);
    return JSON.parse(value) as Answer;
  }
}

/** A number of an answer. Throws when it is not there: the tool and the bench disagree. */
export function numberOf(answer: Answer, key: string): number {
  const value = answer[key];
  if (typeof value !== 'number') throw new Error(`the tool's answer has no number "${key}": ${JSON.stringify(answer)}`);
  return value;
}
