/** Counters of one set of rules, or of one policy in it. */
export class DecisionCounters {
  allowed = 0;
  denied = 0;
}

/** Counters of the rules under one prefix, and of their policies where those are counted by themselves. */
export class RuleCounters extends DecisionCounters {
  /** `http.ingress` without `http.`. */
  readonly managerPrefix: string;
  /** What stands between `rbac.` and the counters' names: empty, or ending in a dot. */
  readonly rulesPrefix: string;
  /** Of shadow rules, whose counters' names say so. */
  readonly shadow: boolean;
  readonly policies = new Map<string, DecisionCounters>();

  constructor(managerPrefix: string, rulesPrefix: string, shadow: boolean) {
    super();
    this.managerPrefix = managerPrefix;
    this.rulesPrefix = rulesPrefix;
    this.shadow = shadow;
  }

  policy(name: string): DecisionCounters {
    let counters = this.policies.get(name);
    if (counters === undefined) {
      counters = new DecisionCounters();
      this.policies.set(name, counters);
    }
    return counters;
  }
}
