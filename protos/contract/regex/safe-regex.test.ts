import fc from 'fast-check';
import t from 'tap';
import { toReplacement, toSafeRegex } from './safe-regex.ts';

/** Whether the whole text fits; throws when the pattern is refused. */
function fits(pattern: string, text: string): boolean {
  const result = toSafeRegex(pattern);
  if (!result.ok) throw new Error(result.problem);
  return new RegExp(`^(?:${result.regex.source})$`, result.regex.flags).test(text);
}

function problem(pattern: string): string {
  const result = toSafeRegex(pattern);
  return result.ok ? '' : result.problem;
}

t.test('RE2 syntax means in JavaScript what it means in RE2', (t) => {
  const table: [pattern: string, yes: string[], no: string[]][] = [
    ['/v[0-9]+/x', ['/v1/x', '/v12/x'], ['/v/x', '/v1/xy']],
    ['a|b', ['a', 'b'], ['ab', '']],
    ['a.c', ['abc', 'a\rc'], ['a\nc']],
    ['(?s)a.c', ['a\nc'], ['ac']],
    ['(?i)foo|bar', ['FOO', 'Bar'], ['foobar']],
    ['x(?i:y)z', ['xYz'], ['xYZ']],
    ['(?P<id>[a-f]{2,3})', ['ab', 'abc'], ['a', 'abcd']],
    ['[[:alpha:]_]+[^[:digit:]]', ['ab_!'], ['ab1']],
    ['[]a]+', [']a]'], ['b']],
    ['[^]a]', ['b'], [']', 'a']],
    ['a{', ['a{'], ['a']],
    ['a{,3}', ['a{,3}'], ['aaa']],
    ['\\Q.*\\E', ['.*'], ['ab']],
    ['\\s', [' ', '\t'], ['\u00a0', '\v']],
    ['\\x41\\x{42}', ['AB'], ['ab']],
    ['\\Afoo\\z', ['foo'], ['foo\n']],
    ['\\/\\-\\.', ['/-.'], ['/-a']],
    ['a/*', ['a', 'a//'], ['b']],
    ['[a-]+', ['a-'], ['b']],
    ['', [''], ['a']],
  ];
  for (const [pattern, yes, no] of table) {
    for (const text of yes) t.ok(fits(pattern, text), `${pattern} fits ${JSON.stringify(text)}`);
    for (const text of no) t.notOk(fits(pattern, text), `${pattern} does not fit ${JSON.stringify(text)}`);
  }
  t.end();
});

t.test('what RE2 has not, or JavaScript reads otherwise, is refused with a reason', (t) => {
  const table: [pattern: string, reason: RegExp][] = [
    ['/(', /a \( without its \)/],
    ['a)', /unexpected \)/],
    ['[a', /a \[ without its \]/],
    ['(a)\\1', /back-reference/],
    ['a(?=b)', /look-around/],
    ['(?<!b)a', /look-around/],
    ['a**', /repetition directly after a repetition/],
    ['a++', /repetition directly after/],
    ['*a', /nothing to repeat/],
    ['^*', /nothing to repeat/],
    ['a{1001}', /stay below 1001/],
    ['a{3,2}', /no valid repetition/],
    ['é', /not ASCII/],
    ['[à-ü]', /not ASCII/],
    ['\\pL', /\\p is not supported/],
    ['a(?i)b', /flags stand at the start of a group/],
    ['(?m)^a', /flag m is not supported/],
    ['[z-a]', /not in order/],
    ['[[:nope:]]', /no class name/],
    ['a\\', /a \\ at the end/],
  ];
  for (const [pattern, reason] of table) t.match(problem(pattern), reason, pattern);
  t.end();
});

t.test('patterns that could take exponential time are refused, their harmless likes are not', (t) => {
  const harmful = ['(a+)+', '(a*)*', '(a|a)*', '(a|ab|b)*', '(.*)*x', '([a-z]+[0-9]*)*', '(a?){20}', '(\\w+\\s?)*'];
  const harmless = [
    '(/[^/]+)*',
    '(a|b)*',
    '(ab|ac)+',
    '.*a.*b',
    '([a-z]+,)*[a-z]+',
    '(a{2}b?)*c',
    '([a-z]+[0-9]+)*',
    '(\\d{1,3}\\.){3}\\d{1,3}',
  ];
  for (const pattern of harmful) t.match(problem(pattern), /exponential time/, pattern);
  for (const pattern of harmless) t.equal(problem(pattern), '', pattern);
  t.match(problem('[ab]c'.repeat(100)), /more than 120/);
  t.end();
});

t.test('no accepted pattern takes long on a text that almost fits', (t) => {
  const atom = fc.constantFrom('a', 'b', '[ab]', '.', 'ab');
  const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
    pattern: fc.oneof(
      { maxDepth: 4 },
      atom,
      fc
        .tuple(tie('pattern'), fc.constantFrom('*', '+', '?', '{2}', '{0,9}'))
        .map(([body, times]) => `(${body})${times}`),
      fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => `(${a})|(${b})`),
      fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => a + b),
    ),
  }));
  const property = fc.property(pattern, (each) => {
    const result = toSafeRegex(each);
    if (!result.ok) return true;
    const regex = new RegExp(`^(?:${result.regex.source})!$`);
    return !regex.test(`${'a'.repeat(28)}?`) && !regex.test(`${'ab'.repeat(14)}?`);
  });
  fc.assert(property, { numRuns: 300, interruptAfterTimeLimit: 5_000, markInterruptAsFailure: true });
  t.end();
});

t.test('a substitution is written for JavaScript', (t) => {
  t.same(toReplacement('/a/\\1$\\\\\\0', 1), { ok: true, text: '/a/$01$$\\$&' });
  t.match(toReplacement('\\2', 1), { ok: false, problem: /refers to a group that the pattern has not/ });
  t.match(toReplacement('\\x', 1), { ok: false, problem: /stands for nothing/ });
  t.equal(
    '/u/12'.replace(/\/u\/(\d+)/, '/user/$010'),
    '/user/120',
    'two digits keep the group and its neighbour apart',
  );
  t.end();
});
