/** `%START_TIME(format)%`: the strftime letters of Envoy, with its sub-second ones (`%3f`, `%6f`, `%f`). UTC. */

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

type Letter = (date: Date) => string;

const two = (value: number) => String(value).padStart(2, '0');

const LETTERS: Readonly<Record<string, Letter>> = {
  Y: (date) => String(date.getUTCFullYear()),
  y: (date) => two(date.getUTCFullYear() % 100),
  m: (date) => two(date.getUTCMonth() + 1),
  d: (date) => two(date.getUTCDate()),
  e: (date) => String(date.getUTCDate()).padStart(2, ' '),
  H: (date) => two(date.getUTCHours()),
  M: (date) => two(date.getUTCMinutes()),
  S: (date) => two(date.getUTCSeconds()),
  a: (date) => DAYS[date.getUTCDay()]!,
  b: (date) => MONTHS[date.getUTCMonth()]!,
  F: (date) => date.toISOString().slice(0, 10),
  T: (date) => date.toISOString().slice(11, 19),
  R: (date) => date.toISOString().slice(11, 16),
  z: () => '+0000',
  Z: () => 'UTC',
  s: (date) => String(Math.floor(date.getTime() / 1000)),
  '%': () => '%',
};

const LETTER = /%(?:([1-9])?f|([YymdeHMSabFTRzZs%]))/g;

/** Whether this proxy can render the format. */
export function isStartTimeFormat(format: string): boolean {
  return !format.replace(LETTER, '').includes('%');
}

/** Compiles a format; the empty one is ISO 8601 with milliseconds. */
export function compileStartTime(format: string): (date: Date) => string {
  if (format === '') return (date) => date.toISOString();
  return (date) =>
    format.replace(LETTER, (_whole, digits: string | undefined, letter: string | undefined) => {
      if (letter !== undefined) return LETTERS[letter]!(date);
      // Milliseconds are all that is known; the rest is zeros.
      return `${String(date.getUTCMilliseconds()).padStart(3, '0')}000000`.slice(0, Number(digits ?? 9));
    });
}
