/**
 * The control plane's REST API, one method per call. Every failure is a CliError that can be printed as it is.
 */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { Agent, type Dispatcher } from 'undici';
import type {
  ApplyResult,
  AuditView,
  ConfigView,
  DeregisteredInstance,
  Difference,
  HistoryDetailView,
  HistoryEntryView,
  RegisteredInstance,
  RestoreResult,
  RunAction,
  ScaleResult,
  ScrapeTarget,
  ServiceView,
  StatusView,
  XdsClientSummary,
  XdsClientView,
} from './api-types.ts';
import { CliError, messageOf } from './errors.ts';
import { refusalText } from './refusal.ts';

/** How long a plain call may take; an apply that waits for the sidecars adds its own seconds. */
const REQUEST_TIMEOUT_MS = 10_000;
/** Leaders change: one may have followed another by the time it is asked. */
const REDIRECTS_MAX = 3;

const CREDENTIAL_HINT =
  '\n(show a token with --token-file or OUTRIDER_TOKEN, or name the state directory of the control plane with --state)';
/** A whole backup is longer on its way. */
const FILE_TIMEOUT_MS = 110_000;

/** Nobody answers at the control plane's address. */
export class UnreachableError extends CliError {
  constructor(address: string, cause: string) {
    super(
      `no control plane answers at ${address} (${cause}): start one with "outrider up -f compose.yaml" or ` +
        `"outrider control-plane", or name another with --server or OUTRIDER_SERVER`,
    );
  }
}

/** The control plane refused a request; `status` is HTTP's. */
export class RefusedError extends CliError {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** How an apply is done; all fields are optional. */
export interface ApplyOptions {
  /**
   * The file that the text came from, absolute: what it had when it was applied before and has no longer is deleted.
   * Undefined for a text without a file, which deletes nothing.
   */
  readonly file?: string;
  /** What messages call the text; default the file's name. */
  readonly shownAs?: string;
  /** The absolute folder that relative paths in the text start from; default the file's. */
  readonly dir?: string;
  /** Only check, and tell what would change. */
  readonly dryRun?: boolean;
  /** Also if more than half of a kind goes. */
  readonly force?: boolean;
  /** Answer when every subscribed sidecar has accepted the change; fail after so many seconds. */
  readonly waitSeconds?: number;
}

/** Whether to only look, and whether to insist. */
interface Insistence {
  readonly dryRun?: boolean;
  readonly force?: boolean;
}

interface CallOptions {
  readonly body?: string | Buffer;
  readonly contentType?: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly extraMs?: number;
  /** What problems in the body call it. */
  readonly shownAs?: string | undefined;
}

/** A client of one control plane. `close` it, or its idle connection keeps the process for some seconds. */
export class Client {
  /** The address as given, such as http://127.0.0.1:15080. */
  readonly address: string;
  readonly #dispatcher: Dispatcher;
  readonly #token: () => string | undefined;
  #author: Readonly<Record<string, string>> = {};

  /** The client closes the dispatcher. `token` is asked before each request. */
  constructor(
    address: string,
    dispatcher: Dispatcher = new Agent({ connect: { timeout: 2000 } }),
    token: () => string | undefined = () => undefined,
  ) {
    this.address = address;
    this.#dispatcher = dispatcher;
    this.#token = token;
  }

  async close(): Promise<void> {
    await this.#dispatcher.close();
  }

  /** Changes are made in the name of `author` from now on, and for the reason given. */
  speakFor(author: string, message?: string): void {
    this.#author = {
      'x-outrider-author': encodeURIComponent(author),
      ...(message === undefined ? {} : { 'x-outrider-message': encodeURIComponent(message) }),
    };
  }

  /** Applies one YAML text, all or nothing. */
  apply(text: string, options: ApplyOptions = {}): Promise<ApplyResult> {
    const { file, shownAs, waitSeconds } = options;
    const query = {
      file: file === undefined ? undefined : path.basename(file),
      dir: options.dir ?? (file === undefined ? undefined : path.dirname(file)),
      ...flags(options),
      wait: waitSeconds === undefined ? undefined : String(waitSeconds),
    };
    const extraMs = (waitSeconds ?? 0) * 1000;
    return this.#call('POST', '/v1/apply', { body: text, contentType: 'text/yaml', query, extraMs, shownAs });
  }

  /** All resources of a kind, or the one of that name, as the control plane keeps them. */
  resources(kind: string, name?: string): Promise<unknown> {
    return this.#call('GET', name === undefined ? `/v1/resources/${kind}` : `/v1/resources/${kind}/${segment(name)}`);
  }

  deleteResource(kind: string, name: string): Promise<unknown> {
    return this.#call('DELETE', `/v1/resources/${kind}/${segment(name)}`);
  }

  services(): Promise<readonly ServiceView[]> {
    return this.#call('GET', '/v1/services');
  }

  service(name: string): Promise<ServiceView> {
    return this.#call('GET', `/v1/services/${segment(name)}`);
  }

  scale(service: string, replicas: number): Promise<ScaleResult> {
    return this.#call('PUT', `/v1/services/${segment(service)}/scale`, json({ replicas }));
  }

  run(service: string, action: RunAction): Promise<unknown> {
    return this.#call('POST', `/v1/services/${segment(service)}/${action}`, json({}));
  }

  /** The whole configuration of a workload, or the answer for one key. */
  config(workload: string, key?: string): Promise<ConfigView> {
    return this.#call('GET', configPath(workload, key));
  }

  setConfig(workload: string, key: string, value: string): Promise<unknown> {
    return this.#call('PUT', configPath(workload, key), json({ value }));
  }

  deleteConfig(workload: string, key: string): Promise<unknown> {
    return this.#call('DELETE', configPath(workload, key));
  }

  /** The latest changes, the newest first. */
  history(query: {
    readonly kind?: string | undefined;
    readonly name?: string | undefined;
    readonly limit: number;
  }): Promise<readonly HistoryEntryView[]> {
    return this.#call('GET', '/v1/history', { query: { ...query, limit: String(query.limit) } });
  }

  historyEntry(revision: number): Promise<HistoryDetailView> {
    return this.#call('GET', `/v1/history/${revision}`);
  }

  diff(from: number, to: number): Promise<{ readonly differences: readonly Difference[] }> {
    return this.#call('GET', `/v1/diff?from=${from}&to=${to}`);
  }

  rollback(revision: number, how: Insistence): Promise<ApplyResult> {
    return this.#call('POST', `/v1/history/${revision}/rollback`, { query: flags(how) });
  }

  /** The whole file, whose checksum is right. */
  async backup(): Promise<Buffer> {
    const { status, bytes } = await this.#send('GET', '/v1/backup', { extraMs: FILE_TIMEOUT_MS });
    if (status >= 400) throw this.#refused('GET', '/v1/backup', status, bytes.toString());
    if (isWhole(bytes)) return bytes;
    throw new CliError(`the backup from ${this.address} came damaged or cut short: nothing was written, try again`);
  }

  restore(file: Buffer, how: Insistence): Promise<RestoreResult> {
    const contentType = 'application/octet-stream';
    return this.#call('POST', '/v1/restore', { body: file, contentType, query: flags(how), extraMs: FILE_TIMEOUT_MS });
  }

  status(): Promise<StatusView> {
    return this.#call('GET', '/v1/status');
  }

  /** Every xDS client. */
  xdsClients(): Promise<readonly XdsClientSummary[]> {
    return this.#call('GET', '/v1/clients');
  }

  /** One with all of its resources. */
  xdsClient(id: string): Promise<XdsClientView> {
    return this.#call('GET', `/v1/clients/${segment(id)}`);
  }

  /** Resolves when every sidecar has taken in what there is for it, or after so many seconds. */
  async settled(seconds: number): Promise<void> {
    await this.#call('GET', `/v1/status?settled=${seconds}`, { extraMs: seconds * 1000 });
  }

  /** The newest entries of the audit log, oldest first. `since` is a time in ISO 8601. */
  audit(since: string | undefined, limit: number): Promise<readonly AuditView[]> {
    return this.#call('GET', '/v1/audit', { query: { since, limit: String(limit) } });
  }

  instances(): Promise<readonly RegisteredInstance[]> {
    return this.#call('GET', '/v1/instances');
  }

  /** Registers an instance without a sidecar; `body` as PUT /v1/instances/:id takes it. */
  registerInstance(id: string, body: Readonly<Record<string, unknown>>): Promise<RegisteredInstance> {
    return this.#call('PUT', `/v1/instances/${segment(id)}`, json(body));
  }

  renewInstance(id: string, body: Readonly<Record<string, unknown>>): Promise<RegisteredInstance> {
    return this.#call('POST', `/v1/instances/${segment(id)}/renew`, json(body));
  }

  /** Takes it out, and waits up to so many seconds for its callers; the ids of those that have not answered. */
  deregisterInstance(id: string, leaseId: string | undefined, waitSeconds: number): Promise<DeregisteredInstance> {
    const query = { leaseId, wait: String(waitSeconds) };
    return this.#call('DELETE', `/v1/instances/${segment(id)}`, { query, extraMs: waitSeconds * 1000 });
  }

  scrapeTargets(): Promise<readonly ScrapeTarget[]> {
    return this.#call('GET', '/v1/prometheus/targets');
  }

  /** Throws until the control plane serves. */
  ready(): Promise<unknown> {
    return this.#call('GET', '/readyz');
  }

  /** Asks the control plane to end, and to stop the workloads first or to let them run on. */
  shutdown(workloads: 'stop' | 'keep'): Promise<unknown> {
    return this.#call('POST', '/v1/shutdown', { ...json({ workloads }), extraMs: 20_000 });
  }

  async #call<T>(method: Dispatcher.HttpMethod, target: string, options: CallOptions = {}): Promise<T> {
    const { status, bytes } = await this.#send(method, target, options);
    const text = bytes.toString();
    if (status >= 300) throw this.#refused(method, target, status, text, options.shownAs);
    return (text === '' ? undefined : parseJson(text)) as T;
  }

  #refused(method: string, target: string, status: number, text: string, shownAs?: string): RefusedError {
    const said = refusalText(parseJson(text), shownAs);
    const plain = `${method} ${this.address}${target} answered ${status}: ${text.slice(0, 300)}`;
    return new RefusedError(status, (said ?? plain) + (status === 401 ? CREDENTIAL_HINT : ''));
  }

  /** A control plane that does not lead names the one that does. */
  async #send(method: Dispatcher.HttpMethod, target: string, options: CallOptions) {
    let origin = this.address;
    for (let i = 0; ; i++) {
      const { status, location, bytes } = await this.#sendTo(origin, method, target, options);
      const next = location === undefined ? origin : new URL(location, origin).origin;
      // A token that went over TLS goes nowhere without it.
      const lessSafe = origin.startsWith('https:') && !next.startsWith('https:');
      if (status !== 307 || next === origin || lessSafe || i === REDIRECTS_MAX) return { status, bytes };
      origin = next;
    }
  }

  async #sendTo(origin: string, method: Dispatcher.HttpMethod, target: string, options: CallOptions) {
    const timeoutMs = REQUEST_TIMEOUT_MS + (options.extraMs ?? 0);
    const token = this.#token();
    try {
      const response = await this.#dispatcher.request({
        origin,
        method,
        path: target + queryString(options.query ?? {}),
        body: options.body ?? null,
        headers: {
          ...(method === 'GET' ? {} : this.#author),
          ...(options.contentType === undefined ? {} : { 'content-type': options.contentType }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        headersTimeout: timeoutMs,
        signal: AbortSignal.timeout(timeoutMs),
      });
      const { location } = response.headers;
      return {
        status: response.statusCode,
        location: typeof location === 'string' ? location : undefined,
        bytes: Buffer.from(await response.body.arrayBuffer()),
      };
    } catch (error) {
      const timedOut = error instanceof Error && error.name === 'TimeoutError';
      throw new UnreachableError(origin, timedOut ? `no answer in ${timeoutMs} ms` : messageOf(error));
    }
  }
}

function flags({ dryRun, force }: Insistence) {
  return { dryRun: dryRun === true ? '1' : undefined, force: force === true ? '1' : undefined };
}

/** Whether the checksum in a backup's first line is that of the rest. */
function isWhole(file: Buffer): boolean {
  const end = file.indexOf('\n');
  const expected = file.toString('latin1', 0, end).split(' ').at(-1);
  return (
    createHash('sha256')
      .update(file.subarray(end + 1))
      .digest('hex') === expected
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function json(value: unknown): CallOptions {
  return { body: JSON.stringify(value), contentType: 'application/json' };
}

function configPath(workload: string, key?: string): string {
  return key === undefined ? `/v1/config/${segment(workload)}` : `/v1/config/${segment(workload)}/${segment(key)}`;
}

function segment(name: string): string {
  return encodeURIComponent(name);
}

function queryString(query: Readonly<Record<string, string | undefined>>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) params.set(name, value);
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}
