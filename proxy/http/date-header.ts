/** The Date header (RFC 9110 section 6.6.1), rendered once a second. */
import type { Clock } from '../../kernel/clock.ts';
import { HeaderLine } from './header-line.ts';

export class DateHeader {
  #second = -1;
  #line = new HeaderLine('date', '');

  /** The line with the IMF-fixdate of now. HOT. */
  line(clock: Clock): HeaderLine {
    const second = clock.seconds();
    if (second !== this.#second) {
      this.#second = second;
      this.#line = new HeaderLine('date', new Date(clock.wallMs()).toUTCString());
    }
    return this.#line;
  }
}
