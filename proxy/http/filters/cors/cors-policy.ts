/**
 * What one route allows to pages of other origins. Every level of the route table may say a part of it: each field counts
 * where it is set first, from the most specific level on; whether there is a policy at all, the most specific says.
 */
import type { Random } from '../../../../kernel/random.ts';
import type { CorsPolicyConfig } from '../../../config/model/http-filter.ts';
import type { RuntimeFraction } from '../../../config/model/match.ts';
import { compileString, type StringTest } from '../../../routing/matchers.ts';
import { drawFraction, type Runtime } from '../../../routing/runtime.ts';

export class CorsPolicy {
  readonly #origins: readonly StringTest[];
  readonly #enabled: RuntimeFraction | null;
  readonly #shadow: RuntimeFraction | null;
  readonly #runtime: Runtime;
  readonly #random: Random;
  /** `*` allows what is asked for; empty says nothing. */
  readonly allowMethods: string;
  readonly allowHeaders: string;
  readonly exposeHeaders: string;
  readonly maxAge: string;
  readonly allowCredentials: boolean;
  readonly allowPrivateNetworkAccess: boolean;
  readonly forwardNotMatchingPreflights: boolean;

  constructor(levels: readonly [CorsPolicyConfig, ...CorsPolicyConfig[]], runtime: Runtime, random: Random) {
    const text = (of: (level: CorsPolicyConfig) => string) => levels.map(of).find((each) => each !== '') ?? '';
    const flag = (of: (level: CorsPolicyConfig) => boolean | null) => levels.map(of).find((each) => each !== null);
    const origins = levels.map((each) => each.allowOrigins).find((each) => each.length > 0) ?? [];
    this.#origins = origins.map(compileString);
    this.#enabled = levels[0].enabled;
    this.#shadow = levels[0].shadowEnabled;
    this.#runtime = runtime;
    this.#random = random;
    this.allowMethods = text((each) => each.allowMethods);
    this.allowHeaders = text((each) => each.allowHeaders);
    this.exposeHeaders = text((each) => each.exposeHeaders);
    this.maxAge = text((each) => each.maxAge);
    this.allowCredentials = flag((each) => each.allowCredentials) ?? false;
    this.allowPrivateNetworkAccess = flag((each) => each.allowPrivateNetworkAccess) ?? false;
    this.forwardNotMatchingPreflights = flag((each) => each.forwardNotMatchingPreflights) ?? true;
  }

  /** Draws whether the policy holds; `shadow`: it is only counted. */
  draw(): 'enforced' | 'shadow' | 'off' {
    if (this.#enabled === null || drawFraction(this.#enabled, this.#runtime, this.#random)) return 'enforced';
    return this.#shadow !== null && drawFraction(this.#shadow, this.#runtime, this.#random) ? 'shadow' : 'off';
  }

  /** A matcher that takes `*` takes every origin. */
  allowsOrigin(origin: string): boolean {
    for (const test of this.#origins) if (test(origin) || test('*')) return true;
    return false;
  }
}
