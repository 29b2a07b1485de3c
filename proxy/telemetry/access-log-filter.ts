/** Which exchanges are logged (envoy.config.accesslog.v3.AccessLogFilter): compiled once, asked when an exchange ends. */
import type { Random } from '../../kernel/random.ts';
import type { AccessLogFilterConfig, LogComparison } from '../config/model/access-log.ts';
import { responseFlags } from '../http/format-commands.ts';
import type { Loggable } from '../http/loggable.ts';
import { HeaderMatcher } from '../routing/matchers.ts';
import { drawFraction, type Runtime } from '../routing/runtime.ts';

/** Whether a finished exchange is logged. */
export type LogTest = (exchange: Loggable) => boolean;

/** Compiles a filter. */
export function compileLogFilter(config: AccessLogFilterConfig, runtime: Runtime, random: Random): LogTest {
  switch (config.kind) {
    case 'status': {
      const test = compileComparison(config.comparison, runtime);
      return ({ status }) => test(status);
    }
    case 'duration': {
      const test = compileComparison(config.comparison, runtime);
      return ({ manager, startedMs }) => test(Math.floor(manager.nowMs() - startedMs));
    }
    case 'not-health-check':
      return ({ healthCheck }) => !healthCheck;
    case 'runtime':
      return () => drawFraction(config.fraction, runtime, random);
    case 'and': {
      const tests = config.filters.map((each) => compileLogFilter(each, runtime, random));
      return (exchange) => tests.every((test) => test(exchange));
    }
    case 'or': {
      const tests = config.filters.map((each) => compileLogFilter(each, runtime, random));
      return (exchange) => tests.some((test) => test(exchange));
    }
    case 'header': {
      const matcher = new HeaderMatcher(config.match);
      // A head that was forwarded is used up; what went out still tells.
      return ({ head, sent }) => matcher.matches(sent === null ? head : sent.fields());
    }
    case 'flags': {
      const { flags } = config;
      if (flags.length === 0) return (exchange) => responseFlags(exchange).length > 0;
      return (exchange) => responseFlags(exchange).some((flag) => flags.includes(flag));
    }
  }
}

function compileComparison({ op, value, runtimeKey }: LogComparison, runtime: Runtime): (value: number) => boolean {
  const limit = runtimeKey === null ? () => value : () => runtime.number(runtimeKey, value);
  switch (op) {
    case 'equal':
      return (number) => number === limit();
    case 'at-least':
      return (number) => number >= limit();
    case 'at-most':
      return (number) => number <= limit();
  }
}
