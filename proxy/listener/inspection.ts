/**
 * The first bytes of a connection, looked at before its filter chain is chosen: the listener filters.
 *
 *   bytes ─► PROXY header (when asked for) ─► ClientHello, or HTTP, or neither ─► settled(what was seen, bytes left)
 *             └─ missing or broken: closed        └─ nothing for too long: settled with what is known, or closed
 */
import { NOWHERE, type Rostered } from '../../kernel/roster.ts';
import { Deadline, type DeadlineOwner } from '../../kernel/timer-wheel.ts';
import type { SocketAddress } from '../config/model/common.ts';
import type { ListenerFiltersConfig } from '../config/model/listener.ts';
import type { ClientAddresses } from '../net/connection-info.ts';
import type { Loop } from '../net/loop.ts';
import { readProxyHeader } from '../net/proxy-header.ts';
import { type Transport, type TransportHandler, UNHANDLED } from '../net/transport.ts';
import { CLIENT_HELLO_BYTES, readClientHello } from './client-hello.ts';
import { detectHttp } from './http-detection.ts';

/** What was seen. */
export interface Inspected {
  /** From the PROXY header; null when there was none, or it named nobody. */
  readonly client: ClientAddresses | null;
  /** Lower case; empty when none was asked for. */
  readonly serverName: string;
  readonly transportProtocol: 'raw_buffer' | 'tls';
  readonly applicationProtocols: readonly string[];
  /** Read already and not consumed. */
  readonly bytes: Buffer;
  /** The client has ended its side. */
  readonly ended: boolean;
  /** The client said nothing at all within the time that it is waited for. */
  readonly silent: boolean;
}

/** Why a connection was given up. */
export type InspectionFailure = 'timeout' | 'proxy-header' | 'gone';

/** Takes the outcome; exactly one is called, once. */
export interface InspectionOwner {
  /** `restored` is what the inspection was made with. */
  onInspected(inspection: Inspection, seen: Inspected, restored: SocketAddress | null): void;
  /** The transport has been closed. */
  onUninspected(inspection: Inspection, failure: InspectionFailure): void;
}

const NONE = Buffer.alloc(0);

export class Inspection implements TransportHandler, DeadlineOwner, Rostered {
  place = NOWHERE;
  readonly transport: Transport;
  readonly #loop: Loop;
  readonly #config: ListenerFiltersConfig;
  /** Where a redirected client was going; kept for the owner. */
  readonly #restored: SocketAddress | null;
  readonly #owner: InspectionOwner;
  readonly #deadline = new Deadline(this);
  #bytes: Buffer = NONE;
  #client: ClientAddresses | null = null;
  #headerRead: boolean;
  #ended = false;
  #settled = false;

  constructor(
    loop: Loop,
    transport: Transport,
    config: ListenerFiltersConfig,
    restored: SocketAddress | null,
    owner: InspectionOwner,
  ) {
    this.#loop = loop;
    this.transport = transport;
    this.#config = config;
    this.#restored = restored;
    this.#owner = owner;
    this.#headerRead = config.proxyProtocol === null;
    if (config.timeoutMs > 0) loop.wheel.arm(this.#deadline, config.timeoutMs);
  }

  /** Waits no longer: settles with what is known, or gives up, as when the time is over. */
  hurry(): void {
    this.onDeadline();
  }

  /** Ends the connection without an outcome. */
  destroy(): void {
    this.#settled = true;
    this.#loop.wheel.disarm(this.#deadline);
    this.transport.destroy();
  }

  onBytes(buffer: Buffer, start: number, end: number): void {
    this.#bytes = Buffer.concat([this.#bytes, buffer.subarray(start, end)]);
    this.#look();
  }

  onEnd(): void {
    this.#ended = true;
    if (this.#headerRead || this.#config.proxyProtocol!.optional) this.#settle('', 'raw_buffer', []);
    else this.#giveUp('proxy-header');
  }

  onWritable(): void {}

  onClose(): void {
    this.#giveUp('gone');
  }

  onDeadline(): void {
    this.#loop.refresh();
    if (this.#config.continueOnTimeout) this.#settle('', 'raw_buffer', []);
    else this.#giveUp('timeout');
  }

  #look(): void {
    if (!this.#headerRead && !this.#readHeader()) return;
    const { tlsInspector, httpInspector } = this.#config;
    if (!tlsInspector && !httpInspector) {
      this.#settle('', 'raw_buffer', []);
      return;
    }
    if (tlsInspector) {
      const hello = readClientHello(this.#bytes);
      if (hello.kind === 'incomplete' && this.#bytes.length < CLIENT_HELLO_BYTES) return;
      if (hello.kind === 'complete') {
        this.#settle(hello.serverName, 'tls', hello.applicationProtocols);
        return;
      }
    }
    const protocol = httpInspector ? detectHttp(this.#bytes) : 'none';
    if (protocol !== 'incomplete') this.#settle('', 'raw_buffer', protocol === 'none' ? [] : [protocol]);
  }

  /** True once what follows the header can be looked at. */
  #readHeader(): boolean {
    const { optional, versions } = this.#config.proxyProtocol!;
    const header = readProxyHeader(this.#bytes);
    switch (header.kind) {
      case 'incomplete':
        return false;
      case 'invalid':
        this.#giveUp('proxy-header');
        return false;
      case 'absent':
        this.#headerRead = optional;
        if (!optional) this.#giveUp('proxy-header');
        return optional;
      case 'complete':
        if (!versions.includes(header.version)) {
          this.#giveUp('proxy-header');
          return false;
        }
        this.#headerRead = true;
        this.#client = header.client;
        this.#bytes = this.#bytes.subarray(header.length);
        return this.#bytes.length > 0 || !this.#waitsForMore();
    }
  }

  #waitsForMore(): boolean {
    return this.#config.tlsInspector || this.#config.httpInspector;
  }

  #settle(serverName: string, transportProtocol: 'raw_buffer' | 'tls', applicationProtocols: readonly string[]): void {
    if (this.#settled) return;
    this.#finish();
    const seen = {
      client: this.#client,
      serverName,
      transportProtocol,
      applicationProtocols,
      bytes: this.#bytes,
      ended: this.#ended,
      silent: this.#bytes.length === 0 && !this.#ended,
    };
    this.#owner.onInspected(this, seen, this.#restored);
  }

  #giveUp(failure: InspectionFailure): void {
    if (this.#settled) return;
    this.#finish();
    this.transport.destroy();
    this.#owner.onUninspected(this, failure);
  }

  #finish(): void {
    this.#settled = true;
    this.#loop.wheel.disarm(this.#deadline);
    this.transport.handler = UNHANDLED;
  }
}
