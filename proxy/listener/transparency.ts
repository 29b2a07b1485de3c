/**
 * Listeners that take connections to addresses which are not this machine's (`transparent`), and whose connections to
 * endpoints come from the address of the client (original_src). Both need a privilege, and a listener without it is not opened.
 */
import type { ListenerConfig } from '../config/model/listener.ts';
import type { ClientSource } from '../net/client-source.ts';
import { TransparentSockets } from '../net/transparent-sockets.ts';

export class Transparency {
  #sockets: TransparentSockets | null = null;

  /** To be called before the listener is opened or changed. Rejects with a sentence when it cannot have what it asks for. */
  async prepare({ name, transparent, filters }: ListenerConfig): Promise<void> {
    const { originalSource } = filters;
    if (!transparent && originalSource === null) return;
    this.#sockets ??= await TransparentSockets.load().catch((cause: Error) => {
      throw new Error(`listener ${name}: ${cause.message}; it is not opened`, { cause });
    });
    const problem = originalSource === null ? null : this.#sockets.sourceProblem(originalSource.mark);
    if (problem !== null)
      throw new Error(`listener ${name}: to keep the client's address (original_src) ${problem}; it is not opened`);
  }

  /** Makes the open socket of the listener what it is to be; `was` is what it has been. Throws with a sentence. */
  apply({ name, transparent }: ListenerConfig, fd: number | undefined, was = false): void {
    if (transparent === was) return;
    const problem = this.#sockets!.setListening(fd ?? -1, transparent);
    if (problem !== null) throw new Error(`listener ${name}: to be transparent it ${problem}; it is not opened`);
  }

  /** Where connections for that client come from; null: from here. */
  sourceOf({ filters: { originalSource } }: ListenerConfig, client: string): ClientSource | null {
    return originalSource === null ? null : this.#sockets!.source(client, originalSource.mark);
  }
}
