/**
 * The options of a control plane's command line that protect its ports.
 */
import { isAbsolute, resolve } from 'node:path';
import { hostPortText } from '../../kernel/host-port.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { SecuritySettings } from './security.ts';
import type { ServiceAccountSettings } from './service-accounts.ts';

/** For parseArgs. */
export const SECURITY_OPTIONS = {
  'tls-cert': { type: 'string' },
  'tls-key': { type: 'string' },
  'tls-ca': { type: 'string' },
  'client-ca': { type: 'string' },
  access: { type: 'string' },
  'service-accounts': { type: 'string' },
  'kubernetes-api': { type: 'string' },
  'kubernetes-credentials': { type: 'string' },
  'no-auth': { type: 'boolean' },
  'audit-required': { type: 'boolean' },
  insecure: { type: 'boolean' },
} as const;

/** What `--help` prints of them. */
export const SECURITY_USAGE = `  --tls-cert FILE            certificate chain of both ports, PEM; read again when it changes
  --tls-key FILE             its key
  --tls-ca FILE              whom this machine's sidecars and CLI trust for it (default: the system, or a self-signed one)
  --client-ca FILE           whose client certificates count
  --access FILE              who may do what (default STATE/access; see "outrider token create")
  --service-accounts NAME    tokens of a Kubernetes cluster's ServiceAccounts count, when they are for that audience
  --kubernetes-api URL       its API server (default: the one of this pod)
  --kubernetes-credentials DIR
                             token and ca.crt for it (default: those of this pod)
  --audit-required           refuse changes while the audit log cannot be written
  --no-auth                  everybody who reaches a port may do everything
  --insecure                 allow addresses beyond this machine without TLS, or with --no-auth
`;

/** What parseArgs makes of them. */
export type SecurityValues = {
  readonly [name in keyof typeof SECURITY_OPTIONS]?: (typeof SECURITY_OPTIONS)[name]['type'] extends 'string'
    ? string
    : boolean;
};

/** The settings, or what contradicts what. Relative paths start from `cwd`. */
export function readSecurity(
  values: SecurityValues,
  stateDir: string,
  cwd: string,
  environment: Readonly<Record<string, string | undefined>> = {},
): Result<SecuritySettings, string> {
  const path = (text: string | undefined) => (text === undefined ? null : isAbsolute(text) ? text : resolve(cwd, text));
  const certificate = path(values['tls-cert']);
  const key = path(values['tls-key']);
  const clientAuthorities = path(values['client-ca']);
  const authorities = path(values['tls-ca']);
  if ((certificate === null) !== (key === null)) return err('--tls-cert and --tls-key belong together: give both');
  if (certificate === null && (clientAuthorities ?? authorities) !== null)
    return err('--client-ca and --tls-ca mean nothing without --tls-cert and --tls-key');
  const serviceAccounts = serviceAccountsOf(values, path, environment);
  if (!serviceAccounts.ok) return serviceAccounts;
  return ok({
    serviceAccounts: serviceAccounts.value,
    tls: certificate === null || key === null ? null : { certificate, key, clientAuthorities },
    authorities,
    authentication: values['no-auth'] !== true,
    accessFile: path(values.access) ?? resolve(stateDir, 'access'),
    auditRequired: values['audit-required'] === true,
  });
}

/** Where pods have their own. */
const POD_CREDENTIALS = '/var/run/secrets/kubernetes.io/serviceaccount';

function serviceAccountsOf(
  values: SecurityValues,
  path: (text: string | undefined) => string | null,
  {
    KUBERNETES_SERVICE_HOST: host,
    KUBERNETES_SERVICE_PORT: port = '443',
  }: Readonly<Record<string, string | undefined>>,
): Result<ServiceAccountSettings | null, string> {
  const { 'service-accounts': audience, 'kubernetes-api': url, 'kubernetes-credentials': credentials } = values;
  if (audience === undefined) {
    if (url === undefined && credentials === undefined) return ok(null);
    return err('--kubernetes-api and --kubernetes-credentials mean nothing without --service-accounts');
  }
  if (audience === '') return err('--service-accounts needs the audience of the tokens, such as outrider');
  const own = host === undefined ? undefined : `https://${hostPortText({ host, port: Number(port) })}`;
  const api = url ?? own;
  if (api === undefined) return err('--service-accounts needs --kubernetes-api: this is no pod of a cluster');
  const parsed = URL.parse(api);
  if (parsed?.protocol !== 'https:')
    return err(`--kubernetes-api is "${api}": it must be a URL such as https://10.96.0.1:443`);
  return ok({ audience, api: parsed.origin, credentials: path(credentials) ?? POD_CREDENTIALS });
}

/** Why this address must not be bound like that, as one sentence; undefined when it may. */
export function exposureProblem(
  option: string,
  host: string,
  { tls, authentication }: SecuritySettings,
): string | undefined {
  if (isLoopbackHost(host) || (tls !== null && authentication)) return undefined;
  const lacks = [
    ...(tls === null ? ['TLS (--tls-cert, --tls-key)'] : []),
    ...(authentication ? [] : ['authentication']),
  ];
  return `${option} ${host} is reached from other machines, and has no ${lacks.join(' and no ')}: add it, listen on 127.0.0.1, or say --insecure`;
}

function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
