import { readFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { runIn } from '../test-fixtures.ts';

const FILE = 'services:\n  web:\n    image: a\n    expose: [80]\n    x-outrider: { version: v2 }\n';

function setUp(t: Test) {
  const dir = t.testdir({ 'compose.yaml': FILE, 'bad.yaml': 'services:\n  web: { scale: 0, network_mode: host }\n' });
  return async (...args: string[]) => {
    const said = await runIn({ cwd: dir, readStdin: async () => FILE }, ['inject', ...args]);
    return { ...said, file: (name: string) => readFileSync(path.join(dir, name), 'utf8') };
  };
}

t.test('a file is printed, written, checked, and taken back', async (t) => {
  const inject = setUp(t);
  const { out } = await inject('-f', 'compose.yaml');
  t.match(out, /^ {2}web-sidecar:$/m);
  t.equal((await inject('-f', '-')).out, out, 'from standard input');
  t.match(await inject('-f', 'compose.yaml', '--check'), { code: 1, err: /compose.yaml would change: run/, out: '' });
  const written = await inject('-f', 'compose.yaml', '-o', 'compose.yaml');
  t.match(written, { code: 0, out: '', err: '' });
  t.equal(written.file('compose.yaml'), out, 'the same file may be written');
  t.match(await inject('-f', 'compose.yaml', '--check'), { code: 0, out: '', err: '' });
  t.match(await inject('-f', 'compose.yaml', '--remove', '--check'), { code: 1 });
  await inject('-f', 'compose.yaml', '--remove', '-o', 'compose.yaml');
  t.same((await inject('-f', 'compose.yaml')).out, out);
  t.notMatch(written.file('compose.yaml'), /sidecar/);
});

t.test('what another control plane has to know is for `outrider apply`', async (t) => {
  const { out } = await setUp(t)('-f', 'compose.yaml', '--services');
  t.equal(
    out,
    'services:\n  web:\n    expose:\n      - 80\n    deploy:\n      replicas: 0\n    x-outrider:\n      version: v2\n',
  );
});

t.test('what is wrong is said with its place, and nothing is written', async (t) => {
  const inject = setUp(t);
  const refused = await inject('-f', 'bad.yaml', '-o', 'out.yaml');
  t.equal(refused.code, 1);
  t.match(
    refused.err,
    /^error: nothing was injected\nbad.yaml:2:\d+: services.web.scale: .*\nbad.yaml:2:\d+: services.web.network_mode: /,
  );
  t.throws(() => refused.file('out.yaml'), { code: 'ENOENT' });
  t.match(await inject('-f', 'none.yaml'), { code: 1, err: /cannot read none.yaml: / });
  t.match(await inject('-f', 'compose.yaml', '-o', 'no/such/folder'), {
    code: 1,
    err: /cannot write no\/such\/folder: /,
  });
  t.match(await inject('-f', 'compose.yaml', '--tokens', 'x'), {
    code: 2,
    err: /say with --control-plane where it is/,
  });
  t.match(await inject('-f', 'compose.yaml', '--control-plane', 'mesh'), { code: 2, err: /"mesh" is not HOST:PORT/ });
  t.match(await inject('-f', 'compose.yaml', '--sidecar-memory', 'much'), { code: 2, err: /a size such as 256M/ });
  t.match(await inject('-f', 'compose.yaml', '--egress', 'maybe'), { code: 2, err: /allow, deny/ });
  t.match(await inject('-f', 'compose.yaml', '--drain-timeout', '-1'), { code: 2 });
});

t.test('settings reach what they are for', async (t) => {
  const inject = setUp(t);
  const { out } = await inject(
    ...['-f', 'compose.yaml', '--sidecar-memory', '128M', '--drain-timeout', '5', '--egress', 'deny'],
    ...['--image', 'registry/outrider:1', '--init-image', 'registry/init:1'],
  );
  t.match(out, /memory: 128M/);
  t.match(out, /stop_grace_period: 15s/);
  t.match(out, /--egress, deny, --drain-timeout, "5"/);
  t.match(out, /image: registry\/outrider:1/);
  t.notMatch(out, /image: outrider/);
});
