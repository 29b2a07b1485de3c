/** outrider.filters.http.v1.AdaptiveLimit. Defaults are those of Netflix's concurrency-limits. */
import { PRIORITY_HEADER } from '../../../../protos/contract/hop-headers.ts';
import type { AdaptiveLimit } from '../../../../protos/gen/outrider/filters/http/v1/limits.ts';
import type { Path } from '../../../../protos/json/issue.ts';
import type { AdaptiveLimitConfig } from '../../model/http-filter.ts';
import type { Decoding } from '../decoding.ts';
import { decodeHeaderMatch } from '../matcher-decoder.ts';
import { durationMs, isToken } from '../values.ts';

const INITIAL = 20;
const MIN = 10;
const MAX = 1_000;
const TOLERANCE = 1.5;
const MAX_WAIT_MS = 100;
/** Each costs the head of a request. */
const QUEUE_MAX = 1_024;

/** The filter's settings. */
export function decodeAdaptiveLimit(message: AdaptiveLimit, path: Path, decoding: Decoding): AdaptiveLimitConfig {
  // What is set moves the defaults of what is not.
  const minLimit = message.minLimit || Math.min(MIN, message.initialLimit || MIN, message.maxLimit || MIN);
  const maxLimit = message.maxLimit || Math.max(MAX, message.initialLimit, message.minLimit);
  const config: AdaptiveLimitConfig = {
    kind: 'adaptive-limit',
    initialLimit: message.initialLimit || Math.min(maxLimit, Math.max(minLimit, INITIAL)),
    minLimit,
    maxLimit,
    tolerance: message.tolerance === 0 ? TOLERANCE : message.tolerance,
    maxQueue: message.maxQueue,
    maxWaitMs: durationMs(message.maxWait, MAX_WAIT_MS),
    priorityHeader: (message.priorityHeader || PRIORITY_HEADER).toLowerCase(),
    exempt: message.exempt.map((each, i) => decodeHeaderMatch(each, [...path, 'exempt', i], decoding)),
  };
  report(config, path, decoding);
  return config;
}

function report(config: AdaptiveLimitConfig, path: Path, decoding: Decoding): void {
  const { initialLimit, minLimit, maxLimit, tolerance, maxQueue, maxWaitMs, priorityHeader } = config;
  if (minLimit > maxLimit)
    decoding.report([...path, 'min_limit'], `min_limit is ${minLimit}, above max_limit, which is ${maxLimit}`);
  else if (initialLimit < minLimit || initialLimit > maxLimit)
    decoding.report(
      [...path, 'initial_limit'],
      `initial_limit is ${initialLimit}; it lies between min_limit, ${minLimit}, and max_limit, ${maxLimit}`,
    );
  if (!(tolerance >= 1 && tolerance < Infinity))
    decoding.report([...path, 'tolerance'], `tolerance is ${tolerance}; it is at least 1, which tolerates nothing`);
  if (maxQueue > QUEUE_MAX)
    decoding.report([...path, 'max_queue'], `max_queue is ${maxQueue}; at most ${QUEUE_MAX} requests may wait`);
  if (maxQueue > 0 && maxWaitMs === 0)
    decoding.report([...path, 'max_wait'], 'max_wait is 0, but max_queue lets requests wait; leave one of them out');
  if (!isToken(priorityHeader))
    decoding.report([...path, 'priority_header'], `${JSON.stringify(priorityHeader)} is no name of a header`);
}
