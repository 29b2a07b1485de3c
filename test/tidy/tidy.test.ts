/** The tidy rules on the source tree as it is. Each rule's own test is in rules.test.ts. */
import { dirname } from 'node:path';
import t from 'tap';
import { unusedAllowances, withoutAllowed } from './allow-list.ts';
import { RULES, type RuleName } from './rules.ts';
import { readSourceTree } from './source-tree.ts';

const tree = readSourceTree(dirname(dirname(import.meta.dirname)));

t.test('the source tree', (t) => {
  for (const name of Object.keys(RULES) as RuleName[]) {
    t.test(name, (t) => {
      const findings = RULES[name](tree);
      for (const { where, message } of withoutAllowed(name, findings))
        t.fail(`${where} ${message}`, { stack: '', at: null });
      for (const { path } of unusedAllowances(name, findings, tree))
        t.fail(`${path} needs its exception no longer: take it out`);
      t.end();
    });
  }
  t.end();
});

t.test('the scanner keeps its footing in every file', (t) => {
  const pairs = ['()', '[]', '{}'] as const;
  const count = (code: string, char: string) => code.split(char).length - 1;
  for (const { path, code, text } of tree.values()) {
    if (code === '') continue;
    const lost = pairs.filter(([open, close]) => count(code, open!) !== count(code, close!));
    if (lost.length > 0) t.fail(`${path} is read with unbalanced ${lost.join(' ')}`);
    if (code.length !== text.length) t.fail(`${path} changed its length`);
  }
  t.end();
});
