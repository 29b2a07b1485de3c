/**
 * `outrider start`, `stop`, `restart` and `upgrade`: whether a service runs, and all its replicas or its sidecars anew. Each
 * follows what it began to its end, and says why it does not get there.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Client } from '../api-client.ts';
import type { RunAction, ServiceView, WorkloadView } from '../api-types.ts';
import type { CliContext } from '../context.ts';
import { CliError, EXIT } from '../errors.ts';
import type { ServerOptions } from '../server-address.ts';
import { withClient, withServerOptions } from '../server-command.ts';

const DESCRIPTIONS: Readonly<Record<RunAction, string>> = {
  start: 'run a service again that was stopped, with as many replicas as before',
  stop: 'end all replicas of a service, when what is in flight has ended; it stays stopped until it is started',
  restart: 'replace all replicas of a service, one after the other or as its update_config says',
  upgrade:
    "put a sidecar of the control plane's version in the place of each one of a service, or of all, one after the other; applications and connections stay",
};

const LOOK_MS = 500;

interface RunOptions extends ServerOptions {
  readonly wait: boolean;
  readonly timeout: string;
}

/** Adds the commands. */
export function addRun(program: Command, context: CliContext): void {
  for (const action of Object.keys(DESCRIPTIONS) as RunAction[]) {
    const command = program
      .command(action)
      .description(DESCRIPTIONS[action])
      .argument(
        action === 'upgrade' ? '[service...]' : '<service...>',
        `services, or single workloads of one${action === 'upgrade' ? '; without any, all' : ''}`,
      )
      .option('--no-wait', 'return as soon as it is begun')
      .option('--timeout <seconds>', 'give up waiting after so long; what was begun goes on', '300');
    withServerOptions(command).action((services: readonly string[], options: RunOptions) =>
      withClient(options, context, async (client) => {
        const all = action === 'upgrade' && services.length === 0;
        for (const service of all ? await running(client) : services) {
          await client.run(service, action);
          if (options.wait) await follow(client, service, action, Number(options.timeout), context);
          else context.out(`${service}: ${action} begun\n`);
        }
      }),
    );
  }
}

/** Names of all workloads that the control plane runs. */
async function running(client: Client): Promise<string[]> {
  const workloads = (await client.resources('workload', undefined)) as readonly WorkloadView[];
  const found: string[] = [];
  for (const { name, command } of workloads)
    if (command.length > 0 && !(await client.service(name)).stopped) found.push(name);
  return found;
}

async function follow(
  client: Client,
  service: string,
  action: RunAction,
  timeoutSeconds: number,
  context: CliContext,
): Promise<void> {
  const endMs = performance.now() + timeoutSeconds * 1000;
  let told = '';
  while (true) {
    const view = await client.service(service);
    const line = progressLine(view, action);
    if (line !== told) context.out(`${line}\n`);
    told = line;
    if (isDone(view, action)) return;
    if (view.roll.state === 'failed' && action !== 'stop')
      throw new CliError(`${service}: ${failureText(view)}`, EXIT.failed);
    if (performance.now() > endMs)
      throw new CliError(`${service} is not done after ${timeoutSeconds} s: ${line}; it goes on`, EXIT.failed);
    await sleep(LOOK_MS);
  }
}

/** Where it stands, in one line. */
export function progressLine({ name, replicas, roll, instances }: ServiceView, action: RunAction): string {
  if (action === 'stop') return instances.length === 0 ? `${name} is stopped` : `${name}: ${instances.length} to end`;
  const { desired, ready } = replicas;
  const what = action === 'upgrade' ? (roll.outdated === 1 ? ' sidecar' : ' sidecars') : '';
  const replaced = roll.outdated > 0 ? `, ${roll.outdated}${what} to be replaced` : '';
  return `${name}: ${ready} of ${desired} ready${replaced}`;
}

/** Whether there is nothing left to wait for. */
export function isDone({ replicas, roll, instances }: ServiceView, action: RunAction): boolean {
  if (action === 'stop') return replicas.running === 0 && instances.length === 0;
  return roll.state === 'steady' && replicas.ready === replicas.desired && roll.outdated === 0;
}

function failureText({ roll, replicas }: ServiceView): string {
  const left = roll.outdated > 0 ? `; ${roll.outdated} of before go on, and ${replicas.ready} are ready` : '';
  return `the replacement stands still: ${roll.why ?? 'no reason is known'}${left}`;
}
