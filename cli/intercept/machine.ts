/** Puts the rules into the kernel and takes them away: by nftables where it is there, by iptables otherwise. EFFECT. */
import { spawnSync } from 'node:child_process';
import { CliError } from '../errors.ts';
import { type Family, iptablesInstall, iptablesRemove, JUMPS } from './iptables-rules.ts';
import { nftInstall, nftRemove } from './nft-rules.ts';
import type { InterceptPlan } from './plan.ts';

export type Backend = 'nft' | 'iptables';

const COMMAND_LIMIT_MS = 20_000;
const FAMILIES: readonly { readonly family: Family; readonly command: string }[] = [
  { family: 'ipv4', command: 'iptables' },
  { family: 'ipv6', command: 'ip6tables' },
];

/** What a program said. */
interface Outcome {
  readonly status: number | null;
  readonly stderr: string;
}

/** The backend to use. Throws CliError when what is wanted is missing. */
export function chooseBackend(wanted: Backend | 'auto'): Backend {
  const candidates: readonly Backend[] = wanted === 'auto' ? ['nft', 'iptables'] : [wanted];
  const found = candidates.find((each) => run(each, ['--version'], '').status === 0);
  if (found !== undefined) return found;
  const what = wanted === 'auto' ? 'neither nft nor iptables is' : `${wanted} is not`;
  throw new CliError(`${what} on this machine: install the package nftables or iptables`);
}

/** Puts the rules in place, in place of those of an earlier run. Throws CliError, with nothing left half done. */
export function install(plan: InterceptPlan, backend: Backend): void {
  if (backend === 'nft') {
    check(run('nft', ['-f', '-'], nftInstall(plan)), 'nft');
    return;
  }
  const done: (typeof FAMILIES)[number][] = [];
  for (const each of FAMILIES) {
    const { family, command } = each;
    if (!hasFamily(command)) continue;
    const missing = JUMPS.filter((jump) => !hasJump(command, jump));
    const outcome = run(`${command}-restore`, ['--noflush', '--wait'], iptablesInstall(plan, family, [...missing]));
    if (outcome.status !== 0) {
      for (const { command: earlier } of done) removeFamily(earlier);
      check(outcome, `${command}-restore`);
    }
    done.push(each);
  }
}

/** Takes away what any run has put in place, by whichever backend. Throws CliError. */
export function remove(): void {
  let tried = 0;
  if (run('nft', ['--version'], '').status === 0) {
    tried++;
    check(run('nft', ['-f', '-'], nftRemove()), 'nft');
  }
  for (const { command } of FAMILIES) {
    if (run(command, ['--version'], '').status !== 0) continue;
    tried++;
    if (hasFamily(command) && hasChains(command)) check(removeFamily(command), `${command}-restore`);
  }
  if (tried === 0) chooseBackend('auto');
}

function removeFamily(command: string): Outcome {
  const present = JUMPS.filter((jump) => hasJump(command, jump));
  return run(`${command}-restore`, ['--noflush', '--wait'], iptablesRemove([...present]));
}

/** A kernel without IPv6 has no table for it. */
function hasFamily(command: string): boolean {
  const { status, stderr } = run(command, ['-w', '-t', 'nat', '-S', 'OUTPUT'], '');
  if (status === 0) return true;
  if (/permission|not permitted|must be root/i.test(stderr)) check({ status, stderr }, command);
  return false;
}

function hasChains(command: string): boolean {
  return run(command, ['-w', '-t', 'nat', '-S', JUMPS[0][1]], '').status === 0;
}

function hasJump(command: string, [from, to]: (typeof JUMPS)[number]): boolean {
  return run(command, ['-w', '-t', 'nat', '-C', from, '-j', to], '').status === 0;
}

function run(command: string, args: readonly string[], input: string): Outcome {
  // Both programs live where only an administrator's PATH may look.
  const path = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`;
  const env = { ...process.env, PATH: path };
  const { status, stderr, error } = spawnSync(command, args, {
    input,
    encoding: 'utf8',
    timeout: COMMAND_LIMIT_MS,
    env,
  });
  return { status, stderr: error === undefined ? stderr : error.message };
}

function check({ status, stderr }: Outcome, command: string): void {
  if (status === 0) return;
  if (/permission|not permitted|must be root/i.test(stderr))
    throw new CliError(
      'interception needs the privilege NET_ADMIN: run it as root, or in a container with that capability',
    );
  const said = stderr.trim().split('\n')[0] ?? '';
  throw new CliError(`${command} refused the rules, and nothing was changed: ${said || `exit code ${status}`}`);
}
