/** `outrider intercept`: sends the traffic of this machine, container or network namespace through its sidecar. */
import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { SIDECAR_PORTS, SIDECAR_UID } from '../../protos/contract/sidecar-place.ts';
import { parseResolvConf } from '../../proxy/dns/resolv-conf.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { iptablesInstall, JUMPS, tablesOf } from '../intercept/iptables-rules.ts';
import { type Backend, chooseBackend, install, remove } from '../intercept/machine.ts';
import { nftInstall } from '../intercept/nft-rules.ts';
import { type InterceptionMode, type InterceptPlan, rangeProblem } from '../intercept/plan.ts';
import { policyRoutes } from '../intercept/policy-routing.ts';

interface InterceptOptions {
  readonly uid: number;
  readonly outboundPort: number;
  readonly inboundPort: number;
  readonly dnsPort: number;
  readonly dns: boolean;
  readonly excludeOutboundPorts: readonly number[];
  readonly excludeInboundPorts: readonly number[];
  readonly excludeAddresses: readonly string[];
  readonly includeLoopback: readonly string[];
  readonly mode: InterceptionMode;
  readonly backend: string;
  readonly remove?: true;
  readonly dryRun?: true;
}

const BACKENDS = ['auto', 'nft', 'iptables'];
const MODES: readonly string[] = ['redirect', 'tproxy'];

/** Adds the command. */
export function addIntercept(program: Command, context: CliContext): void {
  program
    .command('intercept')
    .description('send all TCP of this network namespace through its sidecar (needs NET_ADMIN); --remove ends it')
    .option('--uid <id>', 'the user that the sidecar runs as: what it sends passes untouched', userId, SIDECAR_UID)
    .option('--outbound-port <port>', 'where the sidecar takes what processes here dial', port, SIDECAR_PORTS.outbound)
    .option('--inbound-port <port>', 'where the sidecar takes what others dial here', port, SIDECAR_PORTS.inbound)
    .option('--dns-port <port>', 'where the sidecar resolves names', port, SIDECAR_PORTS.dns)
    .option('--no-dns', 'names are resolved as before')
    .option('--exclude-outbound-ports <list>', 'ports that processes here dial directly', ports, [])
    .option('--exclude-inbound-ports <list>', 'ports that others reach directly', ports, [
      SIDECAR_PORTS.admin,
      SIDECAR_PORTS.health,
    ])
    .option('--exclude-addresses <list>', 'ranges that processes here dial directly: 10.0.0.0/8,fd00::/8', ranges, [])
    .option('--include-loopback <list>', 'loopback ranges that are intercepted all the same', ranges, ['127.77.0.0/16'])
    .option('--mode <name>', `${MODES.join(', ')}: inbound; tproxy keeps the client's address`, 'redirect')
    .option('--backend <name>', `${BACKENDS.join(', ')}: nftables where it is there`, 'auto')
    .option('--dry-run', 'print the rules, and change nothing')
    .option('--remove', 'take the rules away')
    .action((options: InterceptOptions) => intercept(options, context));
}

function intercept(options: InterceptOptions, context: CliContext): void {
  if (!BACKENDS.includes(options.backend))
    throw new UsageError(`--backend ${options.backend}: it is one of ${BACKENDS.join(', ')}`);
  if (!MODES.includes(options.mode)) throw new UsageError(`--mode ${options.mode}: it is one of ${MODES.join(', ')}`);
  const wanted = options.backend as Backend | 'auto';
  const plan: InterceptPlan = {
    ...options,
    dnsPort: options.dns ? options.dnsPort : null,
    dnsLoopbackOnly: hasOwnResolver(resolvConf()),
    proxyUid: options.uid,
  };
  if (plan.outboundPort === plan.inboundPort)
    throw new UsageError(`--outbound-port and --inbound-port are both ${plan.inboundPort}: a sidecar has two`);
  if (options.dryRun) {
    context.out(rulesText(plan, wanted === 'auto' ? 'nft' : wanted));
    return;
  }
  if (options.remove) {
    remove();
    context.err('nothing is intercepted any more\n');
    return;
  }
  const backend = chooseBackend(wanted);
  install(plan, backend);
  const dns = plan.dnsPort === null ? '' : `, DNS to ${plan.dnsPort}`;
  const { outboundPort, inboundPort, proxyUid } = plan;
  const inbound = plan.mode === 'tproxy' ? `${inboundPort} by TPROXY` : inboundPort;
  context.err(
    `intercepting by ${backend}: outbound to ${outboundPort}, inbound to ${inbound}${dns}; not what user ${proxyUid} sends\n`,
  );
}

/** Whether all that this machine asks is on it: it asks others itself. */
function hasOwnResolver(text: string): boolean {
  const { nameservers } = parseResolvConf(text);
  return nameservers.length > 0 && nameservers.every((each) => /^127\.|^::1$/.test(each));
}

function resolvConf(): string {
  try {
    return readFileSync('/etc/resolv.conf', 'utf8');
  } catch {
    return '';
  }
}

function rulesText(plan: InterceptPlan, backend: Backend): string {
  const families = ['ipv4', 'ipv6'] as const;
  const routes =
    plan.mode === 'tproxy' ? families.flatMap(policyRoutes).map(({ add }) => `# ip ${add.join(' ')}\n`) : [];
  if (backend === 'nft') return `${routes.join('')}${nftInstall(plan)}`;
  const [v4, v6] = families.map((family) =>
    tablesOf(plan)
      .map((table) => iptablesInstall(plan, family, table, JUMPS[table]))
      .join(''),
  );
  return `${routes.join('')}# iptables-restore --noflush\n${v4}# ip6tables-restore --noflush\n${v6}`;
}

function port(text: string): number {
  return whole(text, 1, 65_535);
}

/** A user's number. */
function userId(text: string): number {
  return whole(text, 0, 2 ** 32 - 2);
}

function whole(text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new InvalidArgumentError(`give a whole number from ${min} to ${max}.`);
}

function ports(text: string): number[] {
  return items(text).map(port);
}

function ranges(text: string): string[] {
  for (const each of items(text)) {
    const problem = rangeProblem(each);
    if (problem !== null) throw new InvalidArgumentError(`${problem}.`);
  }
  return items(text);
}

function items(text: string): string[] {
  return text.split(',').filter((each) => each !== '');
}
