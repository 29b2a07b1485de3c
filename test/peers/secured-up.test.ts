/**
 * `outrider up` with TLS, everything real: sidecars find their way in, the owner's commands need no option, and nobody
 * else gets in by what can be seen of the processes.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { credentials, Metadata, type StatusObject, status } from '@grpc/grpc-js';
import t from 'tap';
import { AgentMessage } from '../../protos/gen/outrider/agent/v1/agent.ts';
import { AgentServiceClient } from '../../protos/gen/outrider/agent/v1/agent_service.ts';
import { FIRST_SERVER, MESH_CA_PEM, SECOND_SERVER } from '../fakes/control-plane-certificates.ts';
import { testFolder } from '../folder.ts';
import { ENV, OUTRIDER, Up, until } from '../integration/running-up.ts';

const SERVICE = `
import { createServer } from 'node:http';
createServer((request, response) => response.end('ok')).listen(Number(process.env.PORT), '127.0.0.1');
`;
const COMPOSE = `services:
  web: {command: node web.mjs, deploy: {replicas: 1}, x-outrider: {health: {path: /}}}
  pay: {command: node web.mjs, deploy: {replicas: 1}, x-outrider: {health: {path: /}}}
`;

interface Outcome {
  readonly code: number;
  readonly output: string;
}

async function outrider(cwd: string, ...args: string[]): Promise<Outcome> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [OUTRIDER, ...args], { cwd, env: ENV });
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stderr } = error as { code: number; stderr: string };
    return { code, output: stderr };
  }
}

/** What everybody on the machine may see of processes: their command lines; and what only their owner may. */
function seen(dir: string): string {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        const text = ['cmdline', 'environ'].map((file) => readFileSync(`/proc/${pid}/${file}`, 'utf8')).join();
        return text.includes(dir) ? text : '';
      } catch {
        return '';
      }
    })
    .join('');
}

t.setTimeout(120_000);

t.test('a mesh behind TLS runs without a further word', async (t) => {
  const dir = testFolder(t, {
    'web.mjs': SERVICE,
    'compose.yaml': COMPOSE,
    'server.pem': FIRST_SERVER.chainPem,
    'server.key': FIRST_SERVER.keyPem,
    'ca.pem': MESH_CA_PEM,
  });
  mkdirSync(path.join(dir, 'elsewhere'));
  const tls = ['--tls-cert', 'server.pem', '--tls-key', 'server.key', '--tls-ca', 'ca.pem'];
  const up = new Up({ compose: 'compose.yaml', state: 'state', dir }, tls);
  t.teardown(async () => {
    up.child.kill('SIGINT');
    await up.ended(20_000);
  });
  await up.untilPrinted(/^ready$/m, 60_000);
  const state = path.join(dir, 'state');
  const record = JSON.parse(readFileSync(path.join(state, 'control-plane.json'), 'utf8')) as {
    http: string;
    grpc: string;
  };
  t.match(record.http, /^https:/);
  t.match(await outrider(dir, 'status', '--state', 'state'), { code: 0, output: /web-0 +yes +[\d.]+ +accepted/ });

  const elsewhere = path.join(dir, 'elsewhere');
  t.match(await outrider(elsewhere, 'status', '--server', record.http), { code: 1, output: /certificate/ });
  const verified = ['--server', record.http, '--ca', '../ca.pem'];
  t.match(await outrider(elsewhere, 'status', ...verified), { code: 1, output: /no token was sent.*\n.*--token-file/ });
  const token = await outrider(
    dir,
    'token',
    'create',
    'ci',
    '--role',
    'read',
    '--expires',
    '1h',
    '--add',
    'state/access',
  );
  const [text] = /outrider_[\w-]{43}/.exec(token.output) ?? [''];
  writeFileSync(path.join(elsewhere, 'token'), `${text}\n`);
  const shown = [...verified, '--token-file', 'token'];
  await until(
    async () => (await outrider(elsewhere, 'status', ...shown)).code === 0,
    10_000,
    () => 'the new line of the access file does not count',
  );
  t.match(await outrider(elsewhere, 'scale', 'web=1', ...shown), {
    code: 1,
    output: /needs the role operate, and "ci" has the role read/,
  });
  t.match(await outrider(elsewhere, 'upgrade', 'web', ...shown), { code: 1, output: /needs the role operate/ });
  // Its successor shows the same token, while the one before is still there.
  t.match(await outrider(dir, 'upgrade', '--state', 'state'), { code: 0, output: /1 of 1 ready$/m });
  t.match(await outrider(dir, 'audit', '--state', 'state'), { output: /POST \/v1\/services\/web\/upgrade +done 200/ });

  const file = path.join(state, 'run', 'web', '0', 'token');
  t.equal(statSync(file).mode & 0o777, 0o600);
  t.equal(statSync(state).mode & 0o777, 0o700);
  const stolen = readFileSync(file, 'utf8').trim();
  const local = readFileSync(path.join(state, 'admin.token'), 'utf8').trim();
  for (const secret of [stolen, local, text]) t.notOk(seen(dir).includes(secret!), 'no token is in a process list');
  const { admin } = (
    JSON.parse(readFileSync(path.join(state, 'run', 'web', '0', 'record.json'), 'utf8')) as { ports: { admin: number } }
  ).ports;
  t.notMatch(await (await fetch(`http://127.0.0.1:${admin}/config_dump`)).text(), stolen);
  const logs = readdirSync(path.join(state, 'log')).map((name) => readFileSync(path.join(state, 'log', name), 'utf8'));
  for (const secret of [stolen, local, text]) t.notOk(logs.join('').includes(secret!), 'nor in a log');

  const channel = credentials.createSsl(Buffer.from(MESH_CA_PEM));
  const client = new AgentServiceClient(record.grpc, channel, { 'grpc.ssl_target_name_override': 'localhost' });
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${stolen}`);
  const stream = client.connect(metadata);
  const ended = Promise.withResolvers<StatusObject>();
  stream.on('status', ended.resolve);
  stream.on('error', () => {});
  const identity = { workload: 'pay', services: ['pay'], address: '127.0.0.1', port: 1 };
  stream.write(
    AgentMessage.fromPartial({ message: { $case: 'register', value: { nodeId: 'pay-0', identity, pid: 1 } } }),
  );
  const { code, details } = await ended.promise;
  client.close();
  t.equal(code, status.PERMISSION_DENIED, 'a sidecar that was taken over cannot be another one');
  t.match(details, /bound to workload "web", and cannot be node "pay-0": it is web-0's/);
  t.match(await outrider(dir, 'audit', '--state', 'state'), {
    output: /web-0 \(workload\).*AgentService\/Connect +refused 7/,
  });

  writeFileSync(path.join(dir, 'server.pem'), SECOND_SERVER.chainPem);
  writeFileSync(path.join(dir, 'server.key'), SECOND_SERVER.keyPem);
  await until(
    () => /the certificate was read again/.test(readFileSync(path.join(state, 'log', 'control-plane.log'), 'utf8')),
    15_000,
    () => 'the certificate is not exchanged',
  );
  t.match(await outrider(dir, 'scale', 'web=2', '--state', 'state'), { code: 0 });
  await until(
    async () => /web +2\/2/.test((await outrider(dir, 'get', 'services', '--state', 'state')).output),
    30_000,
    () => 'a sidecar that starts after the exchange does not get in',
  );
});
