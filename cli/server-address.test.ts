import path from 'node:path';
import t from 'tap';
import { DEFAULT_SERVER, serverAddress } from './server-address.ts';

const record = JSON.stringify({ http: 'http://127.0.0.1:4000', grpc: '127.0.0.1:4001', pid: 1 });

t.test('the flag wins over the environment, which wins over the record, which wins over the default', (t) => {
  const cwd = t.testdir({ '.outrider': { 'control-plane.json': record } });
  const env = { OUTRIDER_SERVER: 'http://127.0.0.1:3000' };
  t.equal(serverAddress({ server: 'http://127.0.0.1:2000' }, { cwd, env }), 'http://127.0.0.1:2000');
  t.equal(serverAddress({}, { cwd, env }), 'http://127.0.0.1:3000');
  t.equal(serverAddress({}, { cwd, env: {} }), 'http://127.0.0.1:4000');
  t.equal(serverAddress({}, { cwd: path.join(cwd, 'elsewhere'), env: {} }), DEFAULT_SERVER);
  t.end();
});

t.test('another state directory can be named', (t) => {
  const cwd = t.testdir({ other: { 'control-plane.json': record } });
  t.equal(serverAddress({ state: 'other' }, { cwd, env: {} }), 'http://127.0.0.1:4000');
  t.end();
});

t.test('http is understood, and what is no address is refused', (t) => {
  t.equal(serverAddress({ server: 'localhost:8000' }, { cwd: '/', env: {} }), 'http://localhost:8000');
  t.throws(() => serverAddress({ server: 'http://:::' }, { cwd: '/', env: {} }), /"http:\/\/:::" is not a URL/);
  t.end();
});
