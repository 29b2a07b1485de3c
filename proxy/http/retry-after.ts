/** Retry-After (RFC 9110 section 10.2.3): seconds, or a date in one of the three forms of section 5.6.7. */
import { HeaderName } from './header-name.ts';

export const RETRY_AFTER = new HeaderName('retry-after');

const IMF_DATE = /^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT$/;
const RFC850_DATE = /^[A-Z][a-z]{5,8}, [0-9]{2}-[A-Z][a-z]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT$/;
const ASCTIME_DATE = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2} [0-9]{4}$/;

/** How long to stay away, in milliseconds; 0 for a date that has passed, null for what cannot be read. */
export function retryAfterMs(text: string, wallMs: number): number | null {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text) * 1000;
  let atMs = Number.NaN;
  if (IMF_DATE.test(text) || RFC850_DATE.test(text)) atMs = Date.parse(text);
  else if (ASCTIME_DATE.test(text)) atMs = Date.parse(`${text} GMT`);
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - wallMs);
}
