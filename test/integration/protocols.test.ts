/**
 * A mesh whose services speak other things than plain HTTP: WebSocket, bytes whose server speaks first, and HTTP/2. All of
 * them go from a published port through two sidecars, while everything around them changes. At the end a TCPRoute and a
 * TrafficPolicy change what they do.
 */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import { WebSocket } from 'ws';
import { freePort } from '../free-ports.ts';
import { until } from '../until.ts';
import { Up } from './running-up.ts';

/** Speaks HTTP, agrees to WebSocket by hand, and sends back what comes. */
const WEB = `
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
const server = createServer((request, response) => response.end(request.url === '/proxy' ? process.env.HTTP_PROXY : 'page ' + request.url));
server.on('upgrade', (request, socket) => {
  const key = request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
  const accept = createHash('sha1').update(key).digest('base64');
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\n');
  socket.write('Sec-WebSocket-Accept: ' + accept + '\\r\\n\\r\\n');
  socket.on('data', (frame) => {
    const mask = frame.subarray(2, 6);
    const text = frame.subarray(6).map((byte, i) => byte ^ mask[i % 4]);
    if ((frame[0] & 15) === 8) socket.end(Buffer.from([0x88, 0]));
    else socket.write(Buffer.concat([Buffer.from([0x81, text.length]), text]));
  });
  socket.on('error', () => {});
});
server.listen(process.env.PORT, '127.0.0.1');
`;

const MAIL = `
import { createServer } from 'node:net';
createServer({ allowHalfOpen: true }, (socket) => {
  socket.write('220 ready\\r\\n');
  socket.on('data', (chunk) => socket.write('250 ' + chunk));
  socket.on('end', () => socket.end('221 bye\\r\\n'));
  socket.on('error', () => {});
}).listen(process.env.PORT, '127.0.0.1');
`;

const RPC = `
import { createServer } from 'node:http2';
createServer((request, response) => response.end('rpc ' + request.url)).listen(process.env.PORT, '127.0.0.1');
`;

const service = (name: string, port: number, outrider: string) => `
  ${name}:
    command: node ${name}.mjs
    ports: ["${port}:80"]
    deploy: { replicas: 2 }
    x-outrider: { ${outrider} }`;

const MAIL_TO_WEB = `
apiVersion: gateway.networking.k8s.io/v1alpha2
kind: TCPRoute
metadata: { name: mail }
spec: { parentRefs: [{ kind: Service, name: mail }], rules: [{ backendRefs: [{ name: web }] }] }
`;
/** Of each replica, of which there are two. */
const ONE_REQUEST = `
apiVersion: outrider.dev/v1
kind: TrafficPolicy
metadata: { name: web }
spec:
  targetRef: { kind: Service, name: web }
  inbound: { rateLimit: { requestsPerSecond: 0.01, burst: 1 } }
`;

/** What a socket has said so far. */
class Listening {
  text = '';
  ended = false;
  readonly socket: Socket;

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('data', (chunk) => {
      this.text += chunk.toString();
    });
    this.socket.on('end', () => {
      this.ended = true;
    });
  }

  async until(reached: () => boolean): Promise<void> {
    while (!reached()) {
      const patience = AbortSignal.timeout(10_000);
      await Promise.race([
        once(this.socket, 'data', { signal: patience }),
        once(this.socket, 'end', { signal: patience }),
      ]);
    }
  }
}

t.test('WebSocket, TCP and HTTP/2 services behind sidecars', { timeout: 60_000 }, async (t) => {
  const dir = mkdtempSync(path.join(tmpdir(), 'outrider-protocols-'));
  const [web, mail, rpc] = [await freePort(), await freePort(), await freePort()];
  for (const [name, text] of Object.entries({ web: WEB, mail: MAIL, rpc: RPC }))
    writeFileSync(path.join(dir, `${name}.mjs`), text);
  const services = [
    service('web', web, 'health: { path: / }'),
    service('mail', mail, 'protocol: tcp'),
    service('rpc', rpc, 'protocol: http2'),
  ];
  const compose = path.join(dir, 'compose.yaml');
  writeFileSync(compose, `services:${services.join('')}\n`);
  const up = new Up({ compose, dir, state: path.join(dir, 'state') });
  t.teardown(async () => {
    up.child.kill('SIGTERM');
    await up.ended(20_000);
    rmSync(dir, { recursive: true, force: true });
  });
  await up.untilPrinted(/^ready$/m);

  // On a machine that starts all of this at once the first connections may take longer than a request waits for one.
  await until('a page', async () => (await fetch(`http://127.0.0.1:${web}/x`)).status === 200);
  const socket = new WebSocket(`ws://127.0.0.1:${web}/chat`);
  await once(socket, 'open');
  for (const word of ['hello', 'again']) {
    socket.send(word);
    const [data] = (await once(socket, 'message')) as [Buffer];
    t.equal(data.toString(), word);
  }
  t.equal(await (await fetch(`http://127.0.0.1:${web}/x`)).text(), 'page /x', 'and plain requests beside it');
  socket.close();
  await once(socket, 'close');

  for (let i = 0; i < 4; i++) {
    const talk = new Listening(mail);
    await talk.until(() => talk.text === '220 ready\r\n');
    talk.socket.write(`hello ${i}\r\n`);
    await talk.until(() => talk.text.endsWith(`250 hello ${i}\r\n`));
    talk.socket.end();
    await talk.until(() => talk.ended);
    t.match(talk.text, /221 bye\r\n$/, 'what comes behind the client’s end arrives');
  }

  const session = connectHttp2(`http://127.0.0.1:${rpc}`);
  const call = session.request({ ':path': '/service/method' });
  let answer = '';
  for await (const chunk of call) answer += chunk;
  t.equal(answer, 'rpc /service/method');
  session.close();

  const apply = async (text: string) => {
    const { http } = JSON.parse(readFileSync(path.join(dir, 'state', 'control-plane.json'), 'utf8')) as {
      http: string;
    };
    const authorization = `Bearer ${readFileSync(path.join(dir, 'state', 'admin.token'), 'utf8').trim()}`;
    const answer = await fetch(`${http}/v1/apply?wait=20`, { method: 'POST', body: text, headers: { authorization } });
    t.equal(answer.status, 200, await answer.text());
  };

  const proxy = new URL(await (await fetch(`http://127.0.0.1:${web}/proxy`)).text());
  const tunnel = new Listening(Number(proxy.port));
  tunnel.socket.write('CONNECT mail:25 HTTP/1.1\r\nHost: mail:25\r\n\r\n');
  await tunnel.until(() => tunnel.text.endsWith('220 ready\r\n'));
  t.match(tunnel.text, /^HTTP\/1\.1 200 /, 'a client with an HTTP proxy reaches bytes through a tunnel');
  tunnel.socket.destroy();

  await apply(MAIL_TO_WEB);
  const rerouted = new Listening(mail);
  rerouted.socket.write('GET /mail HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  await rerouted.until(() => rerouted.ended);
  t.match(rerouted.text, /page \/mail/, 'a TCPRoute decides where connections go');

  await apply(ONE_REQUEST);
  const statuses: number[] = [];
  for (let i = 0; i < 3; i++) statuses.push((await fetch(`http://127.0.0.1:${web}/x`)).status);
  t.ok(statuses.includes(429), `a TrafficPolicy limits what its service lets in: ${statuses}`);
});
