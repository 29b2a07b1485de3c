/**
 * Puts the rules into the kernel and takes them away: by nftables where it is there, by iptables otherwise; and with TPROXY the
 * routes that it needs. EFFECT.
 */
import { readFileSync } from 'node:fs';
import { CliError } from '../errors.ts';
import { iptablesInstall, iptablesRemove, JUMPS, type Jump, type Table, tablesOf } from './iptables-rules.ts';
import { nftInstall, nftRemove } from './nft-rules.ts';
import type { InterceptionMode, InterceptPlan } from './plan.ts';
import { type Family, policyRoutes, type Route } from './policy-routing.ts';
import { type Outcome, run } from './programs.ts';

export type Backend = 'nft' | 'iptables';

const TABLES: readonly Table[] = ['nat', 'mangle'];
const FAMILIES: readonly { readonly family: Family; readonly command: string }[] = [
  { family: 'ipv4', command: 'iptables' },
  { family: 'ipv6', command: 'ip6tables' },
];
const MODULES: Readonly<Record<Backend, string>> = {
  nft: 'nft_tproxy, nft_fib and nft_ct',
  iptables: 'xt_TPROXY, xt_addrtype and xt_connmark',
};

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
  const added = plan.mode === 'tproxy' ? addRoutes() : [];
  try {
    if (backend === 'nft') check(run('nft', ['-f', '-'], nftInstall(plan)), 'nft', plan.mode);
    else installIptables(plan);
  } catch (error) {
    // Of iptables nothing is left then, of an earlier run neither; nft leaves what was there.
    deleteRoutes(backend === 'nft' ? added : allRoutes());
    throw error;
  }
  if (plan.mode !== 'tproxy') deleteRoutes(allRoutes());
}

function installIptables(plan: InterceptPlan): void {
  const done: string[] = [];
  for (const { family, command } of FAMILIES) {
    if (!hasTable(command, 'nat')) continue;
    done.push(command);
    for (const table of tablesOf(plan)) {
      const missing = JUMPS[table].filter((jump) => !hasJump(command, table, jump));
      const outcome = restore(command, iptablesInstall(plan, family, table, missing));
      if (outcome.status === 0) continue;
      for (const each of done) removeFamily(each);
      check(outcome, `${command}-restore`, plan.mode);
    }
    if (plan.mode !== 'tproxy' && hasChains(command, 'mangle')) removeTable(command, 'mangle');
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
    // Whoever may not look hears it here.
    if (hasTable(command, 'nat')) check(removeFamily(command), `${command}-restore`);
  }
  if (tried === 0) chooseBackend('auto');
  deleteRoutes(allRoutes());
}

/** The first that fails of what it takes, or success. */
function removeFamily(command: string): Outcome {
  const outcomes = TABLES.filter((table) => hasChains(command, table)).map((table) => removeTable(command, table));
  return outcomes.find(({ status }) => status !== 0) ?? { status: 0, stderr: '' };
}

function removeTable(command: string, table: Table): Outcome {
  const present = JUMPS[table].filter((jump) => hasJump(command, table, jump));
  return restore(command, iptablesRemove(table, present));
}

function restore(command: string, input: string): Outcome {
  return run(`${command}-restore`, ['--noflush', '--wait'], input);
}

/** A kernel without IPv6 has no table for it. */
function hasTable(command: string, table: Table): boolean {
  const { status, stderr } = run(command, ['-w', '-t', table, '-S', 'OUTPUT'], '');
  if (status === 0) return true;
  if (isRefused(stderr)) check({ status, stderr }, command);
  return false;
}

function hasChains(command: string, table: Table): boolean {
  return run(command, ['-w', '-t', table, '-S', JUMPS[table][0]![1]], '').status === 0;
}

function hasJump(command: string, table: Table, [from, to]: Jump): boolean {
  return run(command, ['-w', '-t', table, '-C', from, '-j', to], '').status === 0;
}

/** Answers what was not there before. Throws CliError, with none of them left. */
function addRoutes(): readonly Route[] {
  if (run('ip', ['-V'], '').status !== 0)
    throw new CliError('--mode tproxy needs ip, which is not on this machine: install the package iproute2');
  const added: Route[] = [];
  for (const route of allRoutes()) {
    const outcome = run('ip', route.add, '');
    if (outcome.status === 0) added.push(route);
    else if (!/File exists/.test(outcome.stderr)) {
      deleteRoutes(added);
      check(outcome, `ip ${route.add.join(' ')}`);
    }
  }
  return added;
}

/** Those that are there. */
function deleteRoutes(routes: readonly Route[]): void {
  for (const { del } of routes.toReversed()) run('ip', del, '');
}

function allRoutes(): readonly Route[] {
  return FAMILIES.filter(({ family }) => family === 'ipv4' || hasIpv6()).flatMap(({ family }) => policyRoutes(family));
}

/** Where it is switched off there is nothing to route. */
function hasIpv6(): boolean {
  try {
    return readFileSync('/proc/net/if_inet6', 'utf8') !== '';
  } catch {
    return false;
  }
}

function check({ status, stderr }: Outcome, command: string, mode: InterceptionMode = 'redirect'): void {
  if (status === 0) return;
  if (isRefused(stderr))
    throw new CliError(
      'interception needs the privilege NET_ADMIN: run it as root, or in a container with that capability',
    );
  const said = stderr.trim().split('\n')[0] ?? '';
  const modules = MODULES[command === 'nft' ? 'nft' : 'iptables'];
  const hint = mode === 'tproxy' ? `; --mode tproxy needs the kernel modules ${modules}` : '';
  throw new CliError(`${command} refused the rules, and nothing was changed: ${said || `exit code ${status}`}${hint}`);
}

function isRefused(stderr: string): boolean {
  return /permission|not permitted|must be root/i.test(stderr);
}
