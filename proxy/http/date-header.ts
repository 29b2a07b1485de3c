/** The Date header's value (RFC 9110 section 6.6.1), rendered once a second. */
import type { Clock } from '../../kernel/clock.ts';

export class DateHeader {
  #second = -1;
  #text = '';

  /** IMF-fixdate of now. */
  value(clock: Clock): string {
    const second = clock.seconds();
    if (second !== this.#second) {
      this.#second = second;
      this.#text = new Date(clock.wallMs()).toUTCString();
    }
    return this.#text;
  }
}
