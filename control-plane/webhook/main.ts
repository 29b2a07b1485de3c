/** `outrider webhook`: the process around the webhook. The only user of `process` here. */
import { SystemClock } from '../../kernel/clock.ts';
import { openLogger } from '../../kernel/log.ts';
import { SystemTimers } from '../../kernel/timers.ts';
import { parseWebhookOptions, WEBHOOK_USAGE } from './options.ts';
import { startWebhook, type Webhook } from './server.ts';

/** Runs it to its end; `argv` without node and script. The exit code: 0, 1 failed, 2 wrong usage. */
export async function runWebhook(argv: readonly string[]): Promise<number> {
  const parsed = parseWebhookOptions(argv, process.cwd());
  if (!parsed.ok) {
    process.stderr.write(`outrider webhook: ${parsed.error}\n\n${WEBHOOK_USAGE}`);
    return 2;
  }
  if (parsed.value === 'help') {
    process.stdout.write(WEBHOOK_USAGE);
    return 0;
  }
  const logger = await openLogger({ level: parsed.value.logLevel, fields: { component: 'webhook' } });
  const { promise, resolve } = Promise.withResolvers<void>();
  process.once('SIGTERM', resolve);
  process.once('SIGINT', resolve);
  let webhook: Webhook;
  try {
    webhook = await startWebhook(parsed.value, { clock: new SystemClock(), timers: new SystemTimers(), logger });
  } catch (error) {
    process.stderr.write(`outrider webhook: ${(error as Error).message}\n`);
    return 1;
  }
  logger.info({ https: webhook.address }, 'webhook serves');
  await promise;
  await webhook.stop();
  logger.info({}, 'webhook ended');
  return 0;
}
