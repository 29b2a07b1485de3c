/** Drives go-control-plane: `go/`, which `.ci/run` builds where Go is. Everything here is a request to it over HTTP. */
import { type ChildProcess, spawn } from 'node:child_process';
import { until } from '../../until.ts';
import { goPeerPath } from '../http2/go-peers.ts';
import { mortal } from '../http2/mortal.ts';

/** Types of resources. */
export type Kind = 'CDS' | 'EDS' | 'SDS' | 'LDS' | 'RDS';

/** JSON. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** The resources of one type. */
export interface ResourcesOfKind {
  readonly version: string;
  readonly resources: readonly Json[];
  readonly ttlMs?: number;
}

/** A set of everything; what is left out is empty. */
export type ServedSnapshot = Partial<Record<Kind, ResourcesOfKind>>;

/** What came from a client, or became of its stream. */
export interface Seen {
  readonly stream: number;
  readonly atMs: number;
  readonly what: 'open' | 'request' | 'close';
  readonly method?: string;
  readonly type?: Kind;
  readonly version?: string;
  readonly nonce?: string;
  readonly names?: readonly string[];
  readonly unsubscribe?: readonly string[];
  readonly initial?: Readonly<Record<string, string>>;
  /** The text of a NACK. */
  readonly error?: string;
  readonly node?: string;
}

/** A response as no cache would send it. */
export interface RawResponse {
  readonly type: Kind;
  readonly version: string;
  readonly nonce: string;
  readonly resources?: readonly {
    readonly name?: string;
    readonly json?: Json;
    readonly typeUrl?: string;
    /** Base64. */
    readonly value?: string;
    readonly version?: string;
    readonly ttlMs?: number;
    readonly heartbeat?: boolean;
  }[];
  readonly removed?: readonly string[];
  readonly padBytes?: number;
}

/** The program, running. */
export class ControlPlane {
  readonly xdsPort: number;
  readonly #controlPort: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, ports: { readonly control: number; readonly xds: number }) {
    this.#child = child;
    this.#controlPort = ports.control;
    this.xdsPort = ports.xds;
  }

  /** `options` are the program's own: `-heartbeat=500ms`. */
  static async start(...options: readonly string[]): Promise<ControlPlane> {
    const child = spawn(...mortal(goPeerPath('go-control-plane'), options), { stdio: ['pipe', 'pipe', 'inherit'] });
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    child.once('error', reject);
    child.once('close', (code) => reject(new Error(`go-control-plane ended with ${code}`)));
    child.stdout.once('data', (data: Buffer) => resolve(data.toString()));
    return new ControlPlane(child, JSON.parse(await promise) as { control: number; xds: number });
  }

  stop(): void {
    this.#child.kill('SIGTERM');
  }

  serve(snapshot: ServedSnapshot): Promise<void> {
    return this.#post('snapshot', snapshot);
  }

  /** To every stream on which that type was asked for. */
  inject(response: RawResponse): Promise<void> {
    return this.#post('inject', response);
  }

  /** Keeps answers of these types back. */
  hold(...kinds: readonly Kind[]): Promise<void> {
    return this.#post('hold', kinds);
  }

  /** Sends what was kept back. */
  release(...kinds: readonly Kind[]): Promise<void> {
    return this.#post('release', kinds);
  }

  /** Ends every stream. */
  dropStreams(): Promise<void> {
    return this.#post('drop', {});
  }

  /** Streams end as soon as they are opened. */
  breakStreams(on: boolean): Promise<void> {
    return this.#post('break-streams', on);
  }

  /** The port is closed. */
  refuseConnections(on: boolean): Promise<void> {
    return this.#post('refuse', on);
  }

  /** Everything so far. */
  async seen(): Promise<readonly Seen[]> {
    const response = await fetch(`http://127.0.0.1:${this.#controlPort}/seen`);
    return (await response.json()) as readonly Seen[];
  }

  /** Requests that fit, oldest first. */
  async requests(fits: (request: Seen) => boolean): Promise<readonly Seen[]> {
    return (await this.seen()).filter((each) => each.what === 'request' && fits(each));
  }

  /** The first request that fits, waited for. */
  request(what: string, fits: (request: Seen) => boolean): Promise<Seen> {
    return until(what, async () => (await this.requests(fits))[0]);
  }

  async #post(path: string, body: unknown): Promise<void> {
    const response = await fetch(`http://127.0.0.1:${this.#controlPort}/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
  }
}
