/**
 * The wish to stop, from a signal.
 */

const NAMES = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * `signal` is aborted by the first SIGINT, SIGTERM or SIGHUP. Later ones change nothing: stopping has a deadline of its
 * own, and cutting it short would leave processes behind. `forget` gives the signals their usual effect again.
 */
export function onStopSignals(): { readonly signal: AbortSignal; readonly forget: () => void } {
  const controller = new AbortController();
  const stop = () => controller.abort();
  for (const name of NAMES) process.on(name, stop);
  const forget = () => {
    for (const name of NAMES) process.off(name, stop);
  };
  return { signal: controller.signal, forget };
}
