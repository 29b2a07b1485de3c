/**
 * The line to `outrider run`, which started this sidecar beside an application: JSON, one object a line, over a socket that
 * every successor inherits. As long as one of them holds it, there is a sidecar.
 */
import { Socket } from 'node:net';
import type { Timers } from '../../kernel/timers.ts';
import type { LeaveTimes } from './leaving.ts';

/** What the sidecar says. */
export type SidecarWord =
  | { readonly kind: 'serving'; readonly pid: number }
  | { readonly kind: 'waiting'; readonly what: readonly string[] }
  | { readonly kind: 'ready'; readonly outbound: string | null }
  | { readonly kind: 'left'; readonly cut: number };

/** What it is told: that inbound traffic is to leave, or that all is to end. How long each may take is in LeaveTimes. */
export interface SupervisorWord extends LeaveTimes {
  readonly kind: 'leave' | 'end';
}

const LINE_CHARS_MAX = 65_536;

/** Splits what arrives in pieces into the values of its lines; throws at a line that is no JSON, or too long. */
export class LineReader {
  #rest = '';

  read(chunk: string): unknown[] {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop()!;
    if (this.#rest.length > LINE_CHARS_MAX) throw new Error(`a line of more than ${LINE_CHARS_MAX} characters`);
    return lines.map((line) => JSON.parse(line) as unknown);
  }
}

/** See the head of this file. */
export class SupervisorLink {
  readonly fd: number;
  readonly #socket: Socket;

  /** `onGone` is called when whoever started us is not there any more. */
  constructor(fd: number, onWord: (word: SupervisorWord) => void, onGone: () => void) {
    this.fd = fd;
    this.#socket = new Socket({ fd });
    this.#socket.setEncoding('utf8');
    const lines = new LineReader();
    this.#socket.on('data', (chunk: string) => {
      for (const word of lines.read(chunk)) onWord(word as SupervisorWord);
    });
    this.#socket.on('error', () => {});
    this.#socket.on('end', onGone);
  }

  say(word: SidecarWord): void {
    this.#socket.write(`${JSON.stringify(word)}\n`);
  }

  /** Says what is waited for at every change, until `standing` is ready; `ready` is said by the caller. */
  async untilReady(
    standing: () => { readonly ready: boolean; readonly waitingFor: readonly string[] },
    timers: Timers,
  ): Promise<void> {
    let said = '';
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = timers.every(LOOK_MS, () => {
      const { ready, waitingFor } = standing();
      if (ready) {
        look.cancel();
        resolve();
      } else if (said !== waitingFor.join()) this.say({ kind: 'waiting', what: waitingFor });
      said = waitingFor.join();
    });
    return promise;
  }

  /** A successor speaks on it from now on. */
  handOver(): void {
    this.#socket.destroy();
  }
}

const LOOK_MS = 20;
