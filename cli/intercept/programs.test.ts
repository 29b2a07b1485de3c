import t from 'tap';
import { type Outcome, run } from './programs.ts';

/** More than a pipe takes, so that writing it fails when nobody reads. */
const MUCH = 'x'.repeat(1 << 20);

const shell = (script: string, input = ''): Outcome => run('sh', ['-c', script], input);

t.test('an exit code and what was said', async (t) => {
  t.match(shell('cat'), { status: 0, stderr: '' });
  t.match(shell('echo no such table >&2; exit 3'), { status: 3, stderr: 'no such table\n' });
});

t.test('a refusal before the input was read is told in the words of the program', async (t) => {
  t.match(shell('echo no such table >&2; exit 1', MUCH), { status: 1, stderr: 'no such table\n' });
});

t.test('a program that succeeds without its input has not done what it was told', async (t) => {
  t.match(shell('exit 0', MUCH), { status: null, stderr: /EPIPE/ });
});

t.test('a program that is not there', async (t) => {
  t.match(run('no-such-program', [], ''), { status: null, stderr: /ENOENT/ });
});
