/**
 * The settings of the DNS server, and how a command line says them.
 */
import { isIP } from 'node:net';
import { err, ok, type Result } from '../../kernel/result.ts';
import { labelProblem } from '../../protos/contract/names.ts';

/** Where a server is. */
export interface IpAddress {
  readonly host: string;
  readonly port: number;
}

/** See the head of this file. */
export interface DnsSettings {
  /** An IP address and a port; 0 chooses one. */
  readonly listen: IpAddress;
  /** Lower case, without dots at its ends. */
  readonly domain: string;
  /** Who is asked for everything else, in this order; empty: nobody. */
  readonly forward: readonly IpAddress[];
}

/** DEFAULT: no domain of the internet has this name. */
export const DEFAULT_DOMAIN = 'mesh';
const DNS_PORT = 53;
const FORWARD_MAX = 8;
const DOMAIN_CHARS_MAX = 100;

/** Options of parseArgs. */
export const DNS_OPTIONS = {
  dns: { type: 'string' },
  'dns-domain': { type: 'string' },
  'dns-forward': { type: 'string', multiple: true },
} as const;

/** What `--help` prints of them. */
export const DNS_USAGE = `  --dns HOST:PORT            DNS for clients without a sidecar, over UDP and TCP (default: none)
  --dns-domain NAME          the domain of its names (default ${DEFAULT_DOMAIN}): catalog.${DEFAULT_DOMAIN}
  --dns-forward HOST[:PORT]  who is asked for other names, by clients of private networks; may be repeated
`;

/** The values of DNS_OPTIONS. */
export interface DnsValues {
  readonly dns?: string | undefined;
  readonly 'dns-domain'?: string | undefined;
  readonly 'dns-forward'?: readonly string[] | undefined;
}

/** Null where none is asked for; or what is wrong, and what is allowed. */
export function readDns(values: DnsValues): Result<DnsSettings | null, string> {
  if (values.dns === undefined) {
    const other = (['dns-domain', 'dns-forward'] as const).find((name) => values[name] !== undefined);
    return other === undefined ? ok(null) : err(`--${other} needs --dns HOST:PORT: there is no DNS server without it`);
  }
  const listen = readAddress('--dns', values.dns);
  if (!listen.ok) return listen;
  const domain = readDomain(values['dns-domain'] ?? DEFAULT_DOMAIN);
  if (!domain.ok) return domain;
  const forward: IpAddress[] = [];
  for (const text of values['dns-forward'] ?? []) {
    const upstream = readAddress('--dns-forward', text, DNS_PORT);
    if (!upstream.ok) return upstream;
    const { host, port } = upstream.value;
    if (host === listen.value.host && port === listen.value.port)
      return err('--dns-forward is the address of --dns: it would ask itself for ever');
    forward.push(upstream.value);
  }
  if (forward.length > FORWARD_MAX)
    return err(`--dns-forward is there ${forward.length} times: at most ${FORWARD_MAX} servers are asked`);
  return ok({ listen: listen.value, domain: domain.value, forward });
}

function readAddress(option: string, text: string, otherPort?: number): Result<IpAddress, string> {
  const [, v6, v4, portText] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = v6 ?? v4 ?? (isIP(text) === 6 ? text : '');
  const port = portText === undefined ? otherPort : Number(portText);
  if (isIP(host) !== 0 && port !== undefined && port <= 65_535) return ok({ host, port });
  return err(`${option} is "${text}": it must be an IP address and a port, such as 127.0.0.1:5353 or [::1]:5353`);
}

function readDomain(text: string): Result<string, string> {
  const domain = text.toLowerCase().replace(/\.$/, '');
  const problems = domain.split('.').map((label) => labelProblem('label', label));
  const problem = problems.find((each) => each !== undefined);
  if (problem === undefined && domain.length <= DOMAIN_CHARS_MAX) return ok(domain);
  return err(`--dns-domain is "${text}": ${problem ?? `it must have at most ${DOMAIN_CHARS_MAX} characters`}`);
}
