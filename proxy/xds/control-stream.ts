/**
 * A bidirectional gRPC stream to the control plane that comes back by itself.
 *
 *   connecting ──channel ready──► open ──ended, error, silence──► waiting (backoff) ──► connecting
 *
 * Of several addresses each is tried in turn, at once, and the whole round is backed off from: one of them leads.
 *
 * Every attempt has a channel of its own: grpc-js would else wait out its own, much longer backoff between ours.
 */
import {
  type ChannelCredentials,
  type ChannelOptions,
  type ClientDuplexStream,
  type Metadata,
  status,
} from '@grpc/grpc-js';
import { Backoff, type BackoffLimits } from '../../kernel/backoff.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import type { Random } from '../../kernel/random.ts';
import type { Timer, Timers } from '../../kernel/timers.ts';
import { MESSAGE_BYTES_MAX, RECONNECT_MS_MAX } from '../../protos/contract/limits.ts';
import type { ControlCredentials } from './control-credentials.ts';

/** What streams need of the outside. */
export interface ControlStreamDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

/** A gRPC client as the generated code makes them. */
interface GrpcClient {
  waitForReady(deadline: Date, callback: (error?: Error) => void): void;
  close(): void;
}

/** How a stream is opened, and who hears of it. */
export interface ControlStreamOptions<C extends GrpcClient, Request, Response> {
  /** `host:port`; several are separated by commas. */
  readonly target: string;
  /** The :authority of the calls. */
  readonly authority: string;
  readonly credentials: ControlCredentials;
  readonly createClient: (target: string, channel: ChannelCredentials, options: ChannelOptions) => C;
  readonly open: (client: C, metadata: Metadata) => ClientDuplexStream<Request, Response>;
  /** A stream is there: write the first messages. */
  readonly onUp: (write: (request: Request) => void) => void;
  readonly onMessage: (response: Response) => void;
  /** The stream that was up is gone. */
  readonly onDown: () => void;
}

const BACKOFF: BackoffLimits = { baseMs: 500, maxMs: RECONNECT_MS_MAX };
/** Of several one leads, and a new one is found within seconds. */
const BACKOFF_OF_SEVERAL: BackoffLimits = { baseMs: 250, maxMs: 2000 };
const CONNECT_TIMEOUT_MS = 5_000;
/** While there is another one to ask. It doubles with each round, for those that are slow. */
const CONNECT_TIMEOUT_OF_SEVERAL_MS = 1000;
const NEXT_AFTER_MS = 50;

/** Between pings at first. A server to which that is too often hangs up (gRFC A8), and is pinged half as often then. */
const KEEPALIVE_MS = 30_000;
/** Of several addresses: one that neither answers nor hangs up is left for the next one. */
const KEEPALIVE_OF_SEVERAL_MS = 10_000;
const KEEPALIVE_MS_MAX = 600_000;

const CHANNEL_OPTIONS: ChannelOptions = {
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
  'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.service_config_disable_resolution': 1,
  // The sidecar's own traffic must not go by a proxy from the environment.
  'grpc.enable_http_proxy': 0,
};

/** See the head of this file. */
export class ControlStream<C extends GrpcClient, Request, Response> {
  readonly #options: ControlStreamOptions<C, Request, Response>;
  readonly #deps: ControlStreamDeps;
  readonly #backoff: Backoff;
  #client: C | null = null;
  #call: ClientDuplexStream<Request, Response> | null = null;
  #retry: Timer | null = null;
  readonly #targets: readonly string[];
  /** Which target is the one now. */
  #at = 0;
  /** Attempts in a row that nobody answered. */
  #missed = 0;
  #keepaliveMs: number;
  #closed = false;
  /** Says it once per outage. */
  #warned = false;

  constructor(options: ControlStreamOptions<C, Request, Response>, deps: ControlStreamDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#targets = options.target.split(',');
    const several = this.#targets.length > 1;
    this.#backoff = new Backoff(several ? BACKOFF_OF_SEVERAL : BACKOFF, deps.random, 'decorrelated');
    this.#keepaliveMs = several ? KEEPALIVE_OF_SEVERAL_MS : KEEPALIVE_MS;
  }

  get up(): boolean {
    return this.#call !== null;
  }

  /** Connects, for ever. */
  start(): void {
    if (!this.#closed) this.#connect();
  }

  /** Sends a message if the stream is up. */
  write(request: Request): void {
    this.#call?.write(request);
  }

  /** Ends the stream for good; what was written goes out first. Resolves when it has ended, or after `graceMs`. */
  close(graceMs = 500): Promise<void> {
    this.#closed = true;
    this.#retry?.cancel();
    const call = this.#call;
    const client = this.#client;
    const { promise, resolve } = Promise.withResolvers<void>();
    if (call === null) {
      client?.close();
      resolve();
      return promise;
    }
    const timer = this.#deps.timers.after(graceMs, () => call.cancel());
    call.once('status', () => {
      timer.cancel();
      resolve();
    });
    call.end();
    return promise;
  }

  #connect(): void {
    const { authority, createClient, credentials } = this.#options;
    const client = createClient(this.#targets[this.#at]!, credentials.channel(), {
      ...CHANNEL_OPTIONS,
      'grpc.default_authority': authority,
      // Whether the name in the certificate is right is the credentials' to say; one that is dialled may be an address.
      'grpc.ssl_target_name_override': credentials.serverName || authority,
      'grpc.keepalive_time_ms': this.#keepaliveMs,
    });
    this.#client = client;
    const deadline = new Date(this.#deps.clock.wallMs() + this.#connectTimeoutMs());
    client.waitForReady(deadline, (error) => {
      if (this.#client !== client) return;
      if (this.#closed) client.close();
      else if (error === undefined) this.#open(client);
      else this.#lost(client, error.message);
    });
  }

  #connectTimeoutMs(): number {
    const count = this.#targets.length;
    if (count === 1) return CONNECT_TIMEOUT_MS;
    return Math.min(CONNECT_TIMEOUT_OF_SEVERAL_MS * 2 ** Math.floor(this.#missed / count), CONNECT_TIMEOUT_MS);
  }

  #open(client: C): void {
    const { open, onUp, onMessage, credentials } = this.#options;
    const metadata = attempt(() => credentials.metadata());
    if (metadata instanceof Error) {
      this.#lost(client, metadata.message);
      return;
    }
    const call = open(client, metadata);
    this.#call = call;
    call.on('data', (response: Response) => {
      // Only an answer proves that somebody is there; a stream that opens and falls is backed off from.
      this.#backoff.reset();
      this.#missed = 0;
      this.#warned = false;
      if (!this.#closed) onMessage(response);
    });
    // What matters is in the status, which follows every error.
    call.on('error', () => {});
    call.on('status', ({ code, details }) => {
      // What grpc-js makes of "too many pings".
      if (code === status.RESOURCE_EXHAUSTED) this.#keepaliveMs = Math.min(2 * this.#keepaliveMs, KEEPALIVE_MS_MAX);
      this.#lost(client, `status ${code}: ${details}`);
    });
    call.on('end', () => call.end());
    onUp((request) => call.write(request));
  }

  #lost(client: C, why: string): void {
    if (this.#client !== client) return;
    client.close();
    this.#client = null;
    const wasUp = this.#call !== null;
    this.#call = null;
    if (wasUp) this.#options.onDown();
    if (this.#closed) return;
    const target = this.#targets[this.#at]!;
    this.#missed++;
    this.#at = (this.#at + 1) % this.#targets.length;
    const waitMs = this.#missed % this.#targets.length === 0 ? this.#backoff.nextMs() : NEXT_AFTER_MS;
    if (!this.#warned)
      this.#deps.logger.warn({ target, why, retryInMs: Math.round(waitMs) }, 'control plane is not reached');
    this.#warned = true;
    this.#retry = this.#deps.timers.after(waitMs, () => this.#connect());
  }
}

function attempt<T>(run: () => T): T | Error {
  try {
    return run();
  } catch (error) {
    return error as Error;
  }
}
