/**
 * Standard output of `outrider up`: lasting lines, and under them, on a terminal, one block that is redrawn.
 */

/** Where it draws. */
export interface ScreenOutput {
  write(text: string): unknown;
  /** True on a terminal, where a block can be redrawn. */
  readonly isTTY: boolean;
}

const CLEAR_BELOW = '\x1b[J';

export class Screen {
  readonly #output: ScreenOutput;
  /** The block as drawn last; empty when there is none. */
  #block = '';

  constructor(output: ScreenOutput) {
    this.#output = output;
  }

  /** Whether a block can be redrawn; without a terminal print lines instead. */
  get live(): boolean {
    return this.#output.isTTY;
  }

  /** Prints lines that stay; the block moves down. Adds the last line feed. */
  say(text: string): void {
    this.#output.write(`${this.#eraser()}${text}\n${this.#block}`);
  }

  /** Replaces the block; its lines must fit the terminal's width and end in line feeds. */
  draw(block: string): void {
    this.#output.write(this.#eraser() + block);
    this.#block = block;
  }

  /** Leaves the block as it is: what follows comes under it. */
  release(): void {
    this.#block = '';
  }

  #eraser(): string {
    const lines = this.#block.split('\n').length - 1;
    return lines === 0 ? '' : `\x1b[${lines}A\r${CLEAR_BELOW}`;
  }
}
