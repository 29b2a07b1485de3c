/**
 * Who may import whom: the import directions of the architecture, as a table, and the absence of cycles.
 */
import {
  type Finding,
  type Import,
  isGenerated,
  isTest,
  type Rule,
  type SourceFile,
  type SourceTree,
} from './source-tree.ts';

/** One line of the table: files that match `from` never import what matches `never`. */
interface Boundary {
  readonly from: RegExp;
  /** Matched against the path of one of our files, or against the specifier of anything else. */
  readonly never: RegExp;
  readonly because: string;
  /** Types may cross. */
  readonly typesMayCross?: boolean;
}

const HOT = /^proxy\/(net|http1|http2|http|routing|upstream|tcp)\//;
const PURE = /^(proxy\/(config|routing)|control-plane\/(state|routing|translate|policy|injection))\//;

const BOUNDARIES: readonly Boundary[] = [
  {
    from: /^proxy\//,
    never: /^(control-plane|cli)\//,
    because: 'the proxy knows the control plane by the protocol in protos/ only',
  },
  {
    from: /^control-plane\//,
    never: /^(proxy|cli)\//,
    because: 'the control plane knows the proxy by the protocol in protos/ only',
  },
  {
    from: /^kernel\//,
    never: /^(?!kernel\/)(\w|-)+\/.*\.ts$/,
    because: 'kernel/ imports nothing of ours',
  },
  {
    from: /^protos\//,
    never: /^(?!protos\/)(\w|-)+\/.*\.ts$/,
    because: 'protos/ imports nothing of ours',
  },
  {
    from: /^(protos|kernel|proxy|control-plane|cli)\//,
    never: /^(bench|test|examples)\//,
    because: 'the product runs without its tests, benchmarks and examples',
  },
  {
    from: HOT,
    never: /^(proxy\/(xds|admin|activate)\/|protos\/gen\/)/,
    because: 'the request path knows compiled configuration, not where it came from; activate/ hands it in',
  },
  {
    from: /^proxy\/http\/(?!filters\/(router|request-steering|route-plan|hash-policy)\.ts$)/,
    never: /^proxy\/upstream\//,
    because: 'only the router and the plans of its routes cross into upstream; what HTTP itself needs stands in http',
  },
  {
    from: PURE,
    never: /^node:(?!crypto$)/,
    because: 'this folder is pure: no I/O; take what is needed as an argument',
  },
  {
    from: PURE,
    never:
      /^(control-plane\/(store|orchestrator\/driver|settings-store|secrets)|kernel\/(timers|timer-wheel|clock|log))(\/|\.)/,
    because: 'this folder is pure: no stores, drivers, timers or clocks; take now and randomness as arguments',
  },
  {
    from: /^proxy\/(routing|upstream|tcp)\//,
    never: /^proxy\/config\//,
    typesMayCross: true,
    because: 'it knows the configuration by its types only; activate/ builds it',
  },
];

/** Imports that the table rules out. Unit tests are free, but for the other side of the wire. */
export const findLayerBreaks: Rule = (tree) => {
  const findings: Finding[] = [];
  for (const file of tree.values()) {
    if (isTest(file.path)) continue;
    for (const each of file.imports) {
      const broken = BOUNDARIES.find((boundary) => breaks(boundary, file, each));
      if (broken === undefined) continue;
      const message = `imports ${each.target ?? each.specifier}: ${broken.because}`;
      findings.push({ where: `${file.path}:${each.line}`, message });
    }
  }
  return findings;
};

function breaks(boundary: Boundary, file: SourceFile, each: Import): boolean {
  if (boundary.typesMayCross && each.typeOnly) return false;
  return boundary.from.test(file.path) && boundary.never.test(each.target ?? each.specifier);
}

/** Files that import each other in a circle, types included: such files cannot be read one after the other. */
export const findCycles: Rule = (tree) => {
  const state = new Map<string, 'open' | 'done'>();
  const trail: string[] = [];
  const findings: Finding[] = [];
  const visit = (path: string) => {
    state.set(path, 'open');
    trail.push(path);
    for (const next of targetsOf(tree, path)) {
      if (state.get(next) === undefined) visit(next);
      else if (state.get(next) === 'open') findings.push(cycle([...trail.slice(trail.indexOf(next)), next]));
    }
    trail.pop();
    state.set(path, 'done');
  };
  for (const path of tree.keys()) if (state.get(path) === undefined) visit(path);
  return findings;
};

function targetsOf(tree: SourceTree, path: string): Set<string> {
  const targets = tree.get(path)!.imports.map((each) => each.target);
  return new Set(
    targets.filter((target) => target !== undefined && tree.has(target) && !isGenerated(target)) as string[],
  );
}

/** `circle` begins and ends with the same file; it is told from its first file by name, whatever was visited first. */
function cycle(circle: string[]): Finding {
  const files = circle.slice(1);
  const first = files.toSorted()[0]!;
  const from = files.indexOf(first);
  const path = [...files.slice(from), ...files.slice(0, from), first].join(' -> ');
  return { where: first, message: `import cycle ${path}: move what they share into a file of its own` };
}

/** Packages that package.json does not name, and development packages in the product. */
export const findUndeclaredPackages: Rule = (tree) => {
  const manifest = JSON.parse(tree.get('package.json')?.text ?? '{}') as Record<string, Record<string, string>>;
  const shipped = new Set(Object.keys(manifest.dependencies ?? {}));
  const all = new Set([...shipped, ...Object.keys(manifest.devDependencies ?? {})]);
  const findings: Finding[] = [];
  for (const file of tree.values()) {
    const inProduct =
      /^(kernel|proxy|control-plane|cli|protos\/(gen|contract|json))\//.test(file.path) && !isTest(file.path);
    for (const { specifier, target, line, typeOnly } of file.imports) {
      const name = /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
      if (target !== undefined || specifier.startsWith('node:')) continue;
      if ((inProduct && !typeOnly ? shipped : all).has(name)) continue;
      const advice = all.has(name)
        ? `a development package in the product: move it to dependencies, or this file to test/`
        : `not in package.json: add it to ${inProduct ? 'dependencies' : 'devDependencies'}`;
      findings.push({ where: `${file.path}:${line}`, message: `imports ${name}, ${advice}` });
    }
  }
  return findings;
};
