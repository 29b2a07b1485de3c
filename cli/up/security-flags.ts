/**
 * Options of `outrider up` that its control plane gets as they are.
 */
import type { Command } from 'commander';

/** As commander reads them. */
export interface SecurityFlags {
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsCa?: string;
  readonly clientCa?: string;
  readonly access?: string;
  readonly auditRequired?: boolean;
  /** False with --no-auth. */
  readonly auth?: boolean;
  readonly insecure?: boolean;
}

/** Adds them to the command. */
export function withSecurityFlags(command: Command): Command {
  return command
    .option('--tls-cert <file>', 'certificate of both ports (control-plane --help says more of all of these)')
    .option('--tls-key <file>', 'its key')
    .option('--tls-ca <file>', 'whom the sidecars and the CLI of this machine trust for it')
    .option('--client-ca <file>', 'whose client certificates count')
    .option('--access <file>', 'who may do what')
    .option('--audit-required', 'refuse changes while the audit log cannot be written')
    .option('--no-auth', 'everybody who reaches a port may do everything')
    .option('--insecure', 'allow addresses beyond this machine without TLS, or with --no-auth');
}

/** The same for the control plane's command line. */
export function securityArguments(flags: SecurityFlags): string[] {
  const { tlsCert, tlsKey, tlsCa, clientCa, access } = flags;
  const files = {
    '--tls-cert': tlsCert,
    '--tls-key': tlsKey,
    '--tls-ca': tlsCa,
    '--client-ca': clientCa,
    '--access': access,
  };
  return [
    ...Object.entries(files).flatMap(([option, file]) => (file === undefined ? [] : [option, file])),
    ...(flags.auditRequired === true ? ['--audit-required'] : []),
    ...(flags.auth === false ? ['--no-auth'] : []),
    ...(flags.insecure === true ? ['--insecure'] : []),
  ];
}
