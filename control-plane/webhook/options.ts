/**
 * The command line of `outrider webhook`.
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { parseHostPort } from '../../kernel/host-port.ts';
import type { LogLevel } from '../../kernel/log.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import { optionMistake } from '../option-mistake.ts';

/** See the head of this file. Files are absolute. */
export interface WebhookOptions {
  readonly listen: { readonly host: string; readonly port: number };
  readonly settings: string;
  readonly certificate: string;
  readonly key: string;
  readonly logLevel: LogLevel;
}

const OPTIONS = {
  listen: { type: 'string' },
  settings: { type: 'string' },
  'tls-cert': { type: 'string' },
  'tls-key': { type: 'string' },
  'log-level': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;
/** DEFAULT: next to the control plane's, as Istio has it. */
const LISTEN = '0.0.0.0:15017';
const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent'];

/** What `--help` prints. */
export const WEBHOOK_USAGE = `outrider webhook --settings FILE --tls-cert FILE --tls-key FILE

Injects sidecars into pods that the API server of a Kubernetes cluster asks about. "outrider kubernetes" prints what a
cluster needs to ask.

  --settings FILE            what pods are injected with; read again when it changes
  --tls-cert FILE            certificate chain, PEM; read again when it changes
  --tls-key FILE             its key
  --listen HOST:PORT         HTTPS: /inject, /healthz, /readyz, /metrics (default ${LISTEN})
  --log-level LEVEL          ${LEVELS.join(', ')} (default info)
`;

/** Reads a command line; `help` when that is asked for. The error is one sentence. */
export function parseWebhookOptions(argv: readonly string[], cwd: string): Result<WebhookOptions | 'help', string> {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(argv);
  } catch (cause) {
    return err(optionMistake(cause, argv, Object.keys(OPTIONS)));
  }
  if (values.help === true) return ok('help');
  const { listen = LISTEN, settings, 'tls-cert': certificate, 'tls-key': key, 'log-level': level = 'info' } = values;
  if (settings === undefined) return err('--settings is missing: the file that says what pods are injected with');
  if (certificate === undefined || key === undefined)
    return err('--tls-cert and --tls-key are missing: an API server asks over HTTPS only');
  const address = parseHostPort(listen);
  if (address === null) return err(`--listen is "${listen}": it must be HOST:PORT, such as ${LISTEN}`);
  const logLevel = LEVELS.find((each) => each === level);
  if (logLevel === undefined) return err(`--log-level is "${level}": it must be one of ${LEVELS.join(', ')}`);
  const path = (file: string) => resolve(cwd, file);
  return ok({ listen: address, settings: path(settings), certificate: path(certificate), key: path(key), logLevel });
}

function parse(argv: readonly string[]) {
  return parseArgs({ args: [...argv], options: OPTIONS }).values;
}
