/**
 * A TCP connection, and perhaps a word and its answer (envoy.config.core.v3.HealthCheck.TcpHealthCheck).
 *
 *   idle ──begin──► connecting ──stands──► asking ──the expected answer──► idle, the connection kept or closed
 *                                  └─ nothing is expected: that was it
 */
import type { TcpProbeConfig } from '../../../config/model/health-check.ts';
import type { DialHandler, Transport } from '../../../net/transport.ts';
import type { CheckOutcome } from './check-state.ts';
import { PayloadMatcher } from './payload.ts';
import type { Probe, ProbeOwner, ProbeTarget } from './probe.ts';

/** What is kept of an answer to look for the expected one. */
const ANSWER_BYTES_MAX = 65_536;

export class TcpProbe implements Probe, DialHandler {
  readonly #target: ProbeTarget;
  readonly #config: TcpProbeConfig;
  readonly #answer: PayloadMatcher;
  #transport: Transport | null = null;
  #connected = false;
  #owner: ProbeOwner | null = null;

  constructor(target: ProbeTarget, config: TcpProbeConfig) {
    this.#target = target;
    this.#config = config;
    this.#answer = new PayloadMatcher(config.receive, ANSWER_BYTES_MAX);
  }

  begin(owner: ProbeOwner): void {
    this.#owner = owner;
    this.#answer.reset();
    if (this.#transport !== null && this.#connected) {
      this.#ask(this.#transport);
      return;
    }
    const { host, address } = this.#target;
    this.#connected = false;
    this.#transport = host.dialer.dial(address, this, null);
  }

  abort(): void {
    this.#owner = null;
    this.#hangUp();
  }

  close(): void {
    this.abort();
  }

  onConnected(): void {
    this.#connected = true;
    if (this.#transport !== null) this.#ask(this.#transport);
  }

  #ask(transport: Transport): void {
    const { send, receive } = this.#config;
    if (send !== '') transport.write(send);
    if (receive.length > 0) return;
    // Nothing more is to be learned on this connection.
    this.#transport = null;
    transport.destroyWhenWritten();
    this.#finish({ kind: 'success', degraded: false });
  }

  onBytes(buffer: Buffer, start: number, end: number): void {
    if (this.#owner === null) return;
    const fits = this.#answer.feed(buffer, start, end);
    if (this.#answer.matches) {
      if (!this.#target.reusesConnection) this.#hangUp();
      this.#finish({ kind: 'success', degraded: false });
    } else if (!fits) this.#fail();
  }

  /** It will say no more. */
  onEnd(): void {
    this.#fail();
  }

  onWritable(): void {}

  onClose(): void {
    if (this.#transport !== null) this.#fail();
  }

  #fail(): void {
    this.#hangUp();
    this.#finish({ kind: 'network' });
  }

  #hangUp(): void {
    const transport = this.#transport;
    this.#transport = null;
    this.#connected = false;
    transport?.destroy();
  }

  #finish(outcome: CheckOutcome): void {
    const owner = this.#owner;
    this.#owner = null;
    owner?.onProbed(outcome);
  }
}
