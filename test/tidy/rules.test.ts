/** What each tidy rule finds, and what it leaves alone, on trees made up for it. */
import t, { type Test } from 'tap';
import { type Allowance, unusedAllowances, withoutAllowed } from './allow-list.ts';
import { blankOut } from './blank-out.ts';
import { RULES, type RuleName } from './rules.ts';
import { sourceTree } from './source-tree.ts';

/** Where the rule finds something in a tree of these files. */
function found(rule: RuleName, files: Record<string, string>): string[] {
  return RULES[rule](sourceTree(files)).map(({ where }) => where);
}

/** A file with the line in it must be found at that line; the same line must pass at the other places. */
function finds(t: Test, rule: RuleName, path: string, line: string): void {
  t.same(found(rule, { [path]: `// a line before it\n${line}\n` }), [`${path}:2`], `${path}: ${line}`);
}

function allows(t: Test, rule: RuleName, path: string, text: string): void {
  t.same(found(rule, { [path]: text }), [], `${path}: ${text}`);
}

t.test('import directions', (t) => {
  const rule = 'imports go in the directions of the architecture';
  finds(t, rule, 'proxy/app.ts', `import { a } from '../control-plane/app.ts';`);
  finds(t, rule, 'control-plane/xds/stream.ts', `import type { A } from '../../proxy/app.ts';`);
  finds(t, rule, 'control-plane/app.ts', `export { a } from '../cli/main.ts';`);
  finds(t, rule, 'kernel/clock.ts', `import '../proxy/app.ts';`);
  finds(t, rule, 'protos/contract/limits.ts', `import { a } from '../../kernel/assert.ts';`);
  finds(t, rule, 'proxy/app.ts', `import { a } from '../test/fakes/fake-clock.ts';`);
  finds(t, rule, 'cli/main.ts', `const b = await import('../bench/main.ts');`);
  finds(t, rule, 'proxy/http1/parser.ts', `import { A } from '../xds/ads-client.ts';`);
  finds(t, rule, 'proxy/upstream/pool/pool.ts', `import type { A } from '../../../protos/gen/a.ts';`);
  finds(t, rule, 'proxy/tcp/relay.ts', `import { A } from '../activate/activate.ts';`);
  finds(t, rule, 'proxy/http/exchange.ts', `import { A } from '../admin/server.ts';`);
  finds(t, rule, 'proxy/http/exchange.ts', `import type { A } from '../upstream/cluster.ts';`);
  finds(t, rule, 'proxy/http/filters/quota/router.ts', `import { A } from '../../../upstream/cluster.ts';`);
  finds(t, rule, 'control-plane/state/apply.ts', `import { readFileSync } from 'node:fs';`);
  finds(t, rule, 'proxy/config/snapshot.ts', `import { A } from '../../kernel/timers.ts';`);
  finds(t, rule, 'control-plane/translate/clusters.ts', `import type { A } from '../store/store.ts';`);
  finds(t, rule, 'control-plane/policy/merge.ts', `import { A } from '../orchestrator/driver/process.ts';`);
  finds(t, rule, 'proxy/upstream/cluster.ts', `import { decode } from '../config/cluster.ts';`);
  allows(t, rule, 'proxy/upstream/cluster.ts', `import type { ClusterConfig } from '../config/cluster.ts';`);
  allows(t, rule, 'proxy/upstream/cluster.ts', `import { type ClusterConfig, type A } from '../config/cluster.ts';`);
  allows(t, rule, 'proxy/http/filters/router.ts', `import { A } from '../../upstream/attempt/forwarding.ts';`);
  allows(t, rule, 'proxy/config/snapshot.ts', `import { createHash } from 'node:crypto';`);
  allows(t, rule, 'proxy/app.ts', `import { A } from './xds/ads-client.ts'; import '../kernel/clock.ts';`);
  allows(t, rule, 'kernel/clock.ts', `import { assert } from './assert.ts'; import 'node:fs';`);
  allows(t, rule, 'kernel/clock.test.ts', `import { FakeClock } from '../test/fakes/fake-clock.ts';`);
  allows(t, rule, 'proxy/app.ts', `// import '../control-plane/app.ts'\nconst a = "import '../control-plane/app.ts'";`);
  t.end();
});

t.test('import cycles', (t) => {
  const rule = 'no files import each other in a circle';
  const circle = {
    'kernel/a.ts': `import './b.ts';`,
    'kernel/b.ts': `import type { C } from './c.ts';`,
    'kernel/c.ts': `export const a = import('./a.ts');`,
  };
  t.same(found(rule, circle), ['kernel/a.ts']);
  const reversed = Object.fromEntries(Object.entries(circle).reverse());
  t.same(found(rule, reversed), ['kernel/a.ts'], 'whichever file comes first');
  t.same(found(rule, { 'kernel/a.ts': `import './a.ts';` }), ['kernel/a.ts']);
  t.same(found(rule, { ...circle, 'kernel/c.ts': `import './d.ts';`, 'kernel/d.ts': '' }), []);
  t.end();
});

t.test('packages', (t) => {
  const rule = 'every imported package is in package.json';
  const manifest = JSON.stringify({ dependencies: { pino: '1' }, devDependencies: { tap: '1', '@types/x': '1' } });
  const at = (path: string, text: string) => found(rule, { 'package.json': manifest, [path]: text });
  t.same(at('kernel/a.ts', `import { pino } from 'pino'; import 'node:fs';`), []);
  t.same(at('kernel/a.ts', `import x from 'tap';`), ['kernel/a.ts:1'], 'development only');
  t.same(at('kernel/a.ts', `import type { X } from 'tap';`), [], 'types are gone when it runs');
  t.same(at('kernel/a.test.ts', `import x from 'tap'; import y from '@types/x/sub';`), []);
  t.same(at('bench/a.ts', `import x from '@scope/unknown';`), ['bench/a.ts:1']);
  t.end();
});

t.test('ambient effects', (t) => {
  const rule = 'time, randomness and the process are handed in';
  for (const line of [
    'const now = Date.now();',
    'const now = new Date();',
    'const now = performance.now();',
    'const r = Math.random();',
    'const home = process.env.HOME;',
    'const args = process.argv;',
    'setTimeout(() => {}, 5);',
    'const sleep = promisify(setTimeout);',
    'globalThis.setInterval(run, 5);',
    `import { setTimeout } from 'node:timers/promises';`,
  ]) {
    t.same(new Set(found(rule, { 'proxy/http/a.ts': line })), new Set(['proxy/http/a.ts:1']), line);
    allows(t, rule, 'kernel/a.ts', line);
    allows(t, rule, 'proxy/main.ts', line);
  }
  allows(t, rule, 'proxy/net/a.ts', 'socket.setTimeout(0); const at = new Date(wallMs);');
  allows(t, rule, 'proxy/net/a.ts', 'class A { setTimeout(ms: number): void { } }');
  allows(t, rule, 'proxy/net/a.ts', '/** Not Date.now(). */ const text = `Math.random()`;');
  finds(t, 'unit tests do not read the real clock', 'proxy/net/a.test.ts', 'const now = Date.now();');
  allows(t, 'unit tests do not read the real clock', 'test/component/a.test.ts', 'const now = Date.now();');
  t.end();
});

t.test('exports', (t) => {
  finds(t, 'there are no default exports', 'cli/a.ts', 'export default function a() {}');
  t.same(found('there are no default exports', { 'cli/a.ts': 'export { a as default };' }), ['cli/a.ts:1']);
  allows(t, 'there are no default exports', 'cli/a.ts', 'export const a = 1; switch (a) { default: }');
  t.same(found('there are no barrels', { 'proxy/index.ts': `export * from './a.ts';` }), ['proxy/index.ts']);
  t.same(found('there are no barrels', { 'proxy/a.ts': `export type { A } from './b.ts';` }), ['proxy/a.ts']);
  allows(t, 'there are no barrels', 'proxy/a.ts', 'const a = 1;\nexport { a };');
  t.end();
});

t.test('any', (t) => {
  const rule = 'there is no any';
  for (const line of [
    'let a: any;',
    'const b = a as any;',
    'type A = any;',
    'const m = new Map<string, any>();',
    'function f(a: string | any) {}',
    'const f = (a: any[]) => 1;',
    'type F = () => any;',
  ]) {
    t.same(found(rule, { 'cli/a.ts': line }), ['cli/a.ts:1'], line);
  }
  for (const line of [
    'const a = { any: true };',
    'await Promise.any(all);',
    'this.#any = any;',
    'f(a, any);',
    '// any: any',
  ]) {
    allows(t, rule, 'cli/a.ts', line);
  }
  t.end();
});

t.test('documentation', (t) => {
  const rule = 'three quarters of the exports are documented';
  const documented = '/** What it does. */\nexport function a() {}\n';
  const bare = 'export const b = 1;\n';
  const path = 'proxy/a.ts';
  allows(t, rule, path, documented.repeat(3) + bare);
  t.same(found(rule, { [path]: documented.repeat(2) + bare }), [`${path}:5`]);
  t.same(found(rule, { [path]: `/** Of the file. */\nimport './b.ts';\n${bare}` }), [`${path}:3`]);
  allows(t, rule, 'proxy/a.test.ts', bare);
  allows(t, rule, 'protos/gen/a.ts', bare);
  t.end();
});

t.test('length', (t) => {
  t.same(found('files hold one idea', { 'cli/a.ts': 'a();\n'.repeat(401) }), ['cli/a.ts']);
  allows(t, 'files hold one idea', 'cli/a.ts', 'a();\n'.repeat(400));
  allows(t, 'files hold one idea', 'protos/gen/a.ts', 'a();\n'.repeat(401));
  t.end();
});

t.test('what does not belong into a commit', (t) => {
  finds(t, 'no test asks to run alone', 'cli/a.test.ts', `t.only('a', (t) => t.end());`);
  finds(t, 'no test asks to run alone', 'cli/a.test.ts', `t.test('a', { only: true }, (t) => t.end());`);
  allows(t, 'no test asks to run alone', 'cli/a.ts', 'const a = { only: true };');
  for (const mark of [
    ['TO', 'DO'],
    ['FIX', 'ME'],
  ]) {
    finds(t, 'nothing is left for later', 'docs/guide.md', `${mark.join('')}: write this`);
  }
  for (const folder of ['home', 'Users', 'root', 'work']) {
    finds(t, 'no path names a machine', 'examples/a.yaml', `path: /${folder}/someone/outrider`);
  }
  allows(
    t,
    'no path names a machine',
    'docs/guide.md',
    'See ../work/a, https://example.org/home/page and GET {base}/work/1.',
  );
  finds(
    t,
    'no package registry is named',
    '.ci/run',
    `npm ci --registry https://${['registry', 'npmjs', 'org'].join('.')}`,
  );
  t.end();
});

t.test('an exception covers one rule in one file, and must be needed', (t) => {
  const rule = 'there is no any';
  const allowances: Allowance[] = [{ rule, path: 'a.ts', because: 'of the test' }];
  const tree = sourceTree({ 'a.ts': '' });
  const inA = { where: 'a.ts:3', message: '' };
  const inB = { where: 'b.ts:3', message: '' };
  t.same(withoutAllowed(rule, [inA, inB], allowances), [inB]);
  t.same(withoutAllowed('files hold one idea', [inA], allowances), [inA]);
  t.same(unusedAllowances(rule, [inA], tree, allowances), []);
  t.same(unusedAllowances(rule, [inB], tree, allowances), allowances);
  t.same(unusedAllowances(rule, [], sourceTree({}), allowances), [], 'the file is not there yet');
  t.end();
});

t.test('the scanner tells code from what is not', (t) => {
  const cases: [text: string, code: string][] = [
    [`a('it\\'s') // b`, `a('     ')     `],
    ['a /* b\n c */ d', 'a     \n      d'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: templates are what is scanned
    ['`a ${b + `c ${d}`} e`', '`  ${b + `  ${d}`}  `'],
    ['x = /[/"]+\\/\'/g; y', 'x = /        /g; y'],
    ['a / b / "c"', 'a / b / " "'],
    ['return /"/.test(a)', 'return / /.test(a)'],
    ['f({ a: `}` })', 'f({ a: ` ` })'],
    ['"unfinished\nnext', '"          \nnext'],
  ];
  for (const [text, code] of cases) t.equal(blankOut(text), code);
  t.end();
});
