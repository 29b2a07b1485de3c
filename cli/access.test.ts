import path from 'node:path';
import t from 'tap';
import { accessTo } from './access.ts';

const HTTP = 'http://127.0.0.1:4000';

t.test('the token: --token-file, OUTRIDER_TOKEN, then that of the state directory', async (t) => {
  const record = (pid: number) => JSON.stringify({ http: HTTP, grpc: '127.0.0.1:4001', pid });
  const cwd = t.testdir({
    '.outrider': { 'control-plane.json': record(process.pid), 'admin.token': 'local\n' },
    dead: { 'control-plane.json': record(2 ** 22 + 1), 'admin.token': 'local\n' },
    mine: 'from a file\n',
  });
  const token = async (address: string, options = {}, env = {}) => {
    const access = accessTo(address, options, { cwd, env });
    await access.dispatcher.close();
    return access.token();
  };
  const env = { OUTRIDER_TOKEN: 'from the environment' };
  t.equal(await token(HTTP, { tokenFile: 'mine' }, env), 'from a file');
  t.equal(await token(HTTP, {}, env), 'from the environment');
  t.equal(await token(HTTP), 'local');
  t.equal(await token('http://127.0.0.1:5000'), undefined, 'it goes to no other control plane');
  t.equal(await token('https://127.0.0.1:4000'), undefined);
  t.equal(await token(HTTP, { state: 'dead' }), undefined, 'nor to whoever has the port of one that is dead');
  t.equal(await token(HTTP, { state: path.join(cwd, 'nowhere') }), undefined);
  await t.rejects(token(HTTP, { tokenFile: 'gone' }), /--token-file gone cannot be read/);
  await t.rejects(token(HTTP, { cert: 'mine' }), /--cert and --key belong together/);
});
