import { readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { runCommand } from '../../cli/program.ts';

const FILES = ['compose.yaml', 'compose.mesh.yaml'] as const;

t.test('the injected example is what the command makes of the example', async (t) => {
  const printed: string[] = [];
  const context = {
    env: {},
    script: '',
    user: 'tester',
    cwd: import.meta.dirname,
    isTerminal: false,
    out: (text: string) => void printed.push(text),
    err: (text: string) => void t.fail(text),
    readStdin: async () => '',
  };
  const [plain, injected] = FILES;
  t.equal(await runCommand(['inject', '-f', plain], context), 0);
  const file = path.join(import.meta.dirname, injected);
  t.equal(
    printed.join(''),
    readFileSync(file, 'utf8'),
    `outrider inject -f ${plain} -o ${injected} in examples/compose`,
  );
  t.equal(await runCommand(['inject', '-f', injected, '--check'], context), 0);
});
