/**
 * The sidecar answers DNS for applications that know nothing of it, in network namespaces of this test: the kernel hands it
 * what they ask on port 53. Outside there is another DNS server, which knows the names of its own.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { virtualAddressesOf } from '../../control-plane/state/virtual-addresses.ts';
import { stateOf } from '../../control-plane/translate/test-fixtures.ts';
import { until } from '../until.ts';
import { CATALOG, InterceptedMesh, interceptedMeshMissing, MESH, OUTSIDE, WEB } from './intercepted-mesh.ts';
import { run } from './namespaces.ts';

const NODE = process.execPath;
const DNS_PACKET = fileURLToPath(import.meta.resolve('dns-packet'));

/** Knows outside.example, and writes down what it is asked. */
const SERVER = `
import { appendFileSync } from 'node:fs';
import { createSocket } from 'node:dgram';
import packet from ${JSON.stringify(DNS_PACKET)};
const socket = createSocket('udp4').on('message', (message, { port, address }) => {
  const query = packet.decode(message);
  const [{ name, type }] = query.questions;
  appendFileSync(process.argv[2], type + ' ' + name.toLowerCase() + '\\n');
  const known = name.toLowerCase() === 'outside.example';
  const answers = known && type === 'A' ? [{ type, name, ttl: 60, data: '${OUTSIDE}' }] : [];
  socket.send(packet.encode({ ...query, type: 'response', flags: known ? 0x180 : 0x183, answers, additionals: [] }), port, address);
}).bind(53, '${OUTSIDE}', () => console.log('up'));
`;
const NODE_CLIENT = `
const dns = require('node:dns/promises');
const [name] = process.argv.slice(1);
(async () => {
  const looked = (await dns.lookup(name, { all: true })).map(({ address }) => address);
  const body = await (await fetch('http://' + name + ':8080/')).text();
  console.log(JSON.stringify({ looked, resolved: await dns.resolve4(name), body }));
})().catch((error) => console.log(JSON.stringify({ error: String(error.cause ?? error) })));
`;
const PYTHON_CLIENT = `
import json, socket, sys, urllib.request
name = sys.argv[1]
body = urllib.request.urlopen('http://' + name + ':8080/', timeout=8).read().decode()
s = socket.create_connection((name, 8080), timeout=8)
s.sendall(b'\\0hello')
print(json.dumps({'body': body, 'echo': s.recv(100).decode()}))
`;
/** Its own resolver, not the C library's. */
const GO_CLIENT = `package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
)

func main() {
	name := os.Args[1]
	out := map[string]any{}
	if addresses, err := net.LookupHost(name); err != nil {
		out["error"] = err.Error()
	} else {
		out["looked"] = addresses
	}
	if _, records, err := net.LookupSRV("http", "tcp", "catalog.mesh"); err == nil {
		out["srv"] = fmt.Sprintf("%s:%d", records[0].Target, records[0].Port)
	}
	if response, err := http.Get("http://" + name + ":8080/"); err == nil {
		body, _ := io.ReadAll(response.Body)
		out["body"] = string(body)
	} else {
		out["error"] = err.Error()
	}
	if connection, err := net.Dial("tcp", name+":8080"); err == nil {
		connection.Write([]byte("\\x00hello"))
		data := make([]byte, 100)
		n, _ := connection.Read(data)
		out["echo"] = string(data[:n])
	}
	text, _ := json.Marshal(out)
	fmt.Println(string(text))
}
`;

t.test(
  'unmodified applications find services of the mesh, and everything else, by DNS',
  { skip: interceptedMeshMissing(), timeout: 480_000 },
  async (t) => {
    const mesh = new InterceptedMesh(t, (spaces) => {
      const text = `nameserver ${OUTSIDE}\nsearch ns.svc.cluster.local svc.cluster.local\noptions ndots:5 timeout:2\n`;
      return {
        mounts: { '/etc/resolv.conf': spaces.file('resolv.conf', text), '/etc/hosts': spaces.file('hosts', '') },
        intercept: [],
        metadata: { dns_port: 15053 },
      };
    });
    const { spaces } = mesh;
    await spaces.start(mesh.hub, /up/, NODE, spaces.file('dns.mjs', SERVER), spaces.file('asked', ''));
    const asked = () => readFileSync(path.join(spaces.dir, 'asked'), 'utf8');
    await mesh.start();
    await mesh.untilAnswered(() => mesh.ask('http', 'catalog', 80, WEB.namespace));

    const catalog = virtualAddressesOf(stateOf(MESH)).get('catalog')!;
    const output = (...command: readonly string[]) => {
      const { stdout, stderr } = mesh.inside(WEB.namespace, ...command);
      return stdout === '' ? stderr : stdout;
    };
    const fromCatalog = { body: /"name":"catalog","host":"catalog[^"]*","from":"10\.77\.2\.1"/ };
    const echo = 'catalog echo hello';
    for (const name of ['catalog', 'catalog.mesh']) {
      t.match(output('getent', 'ahostsv4', name), catalog, `the C library finds ${name}`);
      const node = JSON.parse(output(NODE, '-e', NODE_CLIENT, name)) as unknown;
      t.match(node, { looked: [catalog], resolved: [catalog], ...fromCatalog }, `Node finds ${name}`);
      t.match(mesh.ask('tcp', name, 5432, WEB.namespace), { body: echo });
      if (run('curl', '--version').status === 0)
        t.match(output('curl', '-sS', '--max-time', '8', `http://${name}:8080/`), fromCatalog.body, 'curl');
      if (run('python3', '--version').status === 0)
        t.match(JSON.parse(output('python3', '-c', PYTHON_CLIENT, name)), { ...fromCatalog, echo }, 'Python');
    }
    const go = goClient(spaces.dir);
    if (go === null) t.comment('no Go here');
    else
      for (const name of ['catalog', 'catalog.mesh'])
        t.match(
          JSON.parse(output(go, name)),
          { looked: [catalog], srv: 'catalog.mesh.:80', echo, ...fromCatalog },
          `Go's own resolver finds ${name}`,
        );
    t.match(output('getent', 'ahostsv4', 'nosuch.mesh'), /^$/, 'what is not there does not exist');
    t.notMatch(asked(), /catalog|nosuch/, 'and nobody else was asked of any of it');

    t.match(output('getent', 'ahostsv4', 'outside.example'), OUTSIDE, 'names of others');
    const outside = { looked: [OUTSIDE], resolved: [OUTSIDE], body: /"name":"outside"/ };
    t.match(JSON.parse(output(NODE, '-e', NODE_CLIENT, 'outside.example')), outside);
    t.match(mesh.ask('tcp', 'outside.example', 9090, WEB.namespace), { body: 'outside echo hello' });
    t.match(asked(), /^A outside\.example$/m);
    t.match(output('getent', 'ahostsv4', 'nosuch.example'), /^$/);
    const counted = (name: string) => mesh.counter(WEB.namespace, `dns_filter\\.mesh\\.${name}`);
    t.ok(counted('search_list_answers') > 0, 'search lists were ended early');
    t.ok(counted('external_a_record_queries') > 0);

    t.match(output('getent', 'ahostsv4', 'later'), /^$/);
    mesh.apply(`${MESH}  later: { command: x, deploy: { replicas: 0 } }\n`);
    await until('the new service has a name', () => output('getent', 'ahostsv4', 'later').includes('127.77.'));
    t.match(mesh.ask('http', 'later', 80, WEB.namespace), { status: 503 }, 'where nobody is there yet');
    const instance = /catalog-\d/.exec(
      output(NODE, '-e', `fetch('http://127.0.0.1:15000/clusters').then(async (r) => console.log(await r.text()))`),
    )![0];
    t.match(output('getent', 'ahostsv4', `${instance}.catalog.mesh`), CATALOG.host, 'one instance by its name');

    // The last known good configuration is written a second after it has changed.
    await sleep(2_500);
    await mesh.stopControlPlane();
    t.match(output('getent', 'ahostsv4', 'later.mesh'), '127.77.', 'names outlive the control plane');
    t.match(mesh.ask('http', 'catalog', 80, WEB.namespace), { status: 200 });
    await mesh.restartSidecar(WEB);
    await until('a restarted sidecar has the last names', () =>
      output('getent', 'ahostsv4', 'later.mesh').includes('127.77.'),
    );
  },
);

/** What a machine has that asks by itself: it answers at a loopback address, and asks the server outside, as any user. */
const STUB = `
import { createSocket } from 'node:dgram';
const socket = createSocket('udp4').on('message', (message, { port, address }) => {
  const upstream = createSocket('udp4').on('message', (answer) => { socket.send(answer, port, address); upstream.close(); });
  upstream.send(message, 53, '${OUTSIDE}');
}).bind(53, '127.0.0.53', () => console.log('up'));
`;

t.test(
  'a resolver of the machine itself goes on asking others, and its questions do not come back to it',
  { skip: interceptedMeshMissing(), timeout: 240_000 },
  async (t) => {
    const mesh = new InterceptedMesh(t, (spaces) => ({
      mounts: { '/etc/resolv.conf': spaces.file('resolv.conf', 'nameserver 127.0.0.53\n') },
      intercept: [],
      metadata: { dns_port: 15053 },
    }));
    const { spaces } = mesh;
    await spaces.start(mesh.hub, /up/, NODE, spaces.file('dns.mjs', SERVER), spaces.file('asked', ''));
    await spaces.start(WEB.namespace, /up/, NODE, spaces.file('stub.mjs', STUB));
    await mesh.start();
    await mesh.untilAnswered(() => mesh.ask('http', 'catalog', 80, WEB.namespace));
    const { stdout } = mesh.inside(WEB.namespace, 'getent', 'ahostsv4', 'outside.example');
    t.match(stdout, OUTSIDE);
    const asked = readFileSync(path.join(spaces.dir, 'asked'), 'utf8').match(/^A outside\.example$/gm) ?? [];
    t.equal(asked.length, 1, 'one question for one question');
  },
);

/** The standard library has to be compiled with it the first time. */
function build(program: string, file: string) {
  const env = { ...process.env, CGO_ENABLED: '0' };
  return spawnSync('go', ['build', '-o', program, file], { encoding: 'utf8', timeout: 240_000, env });
}

/** Compiles it; null where there is no Go. */
function goClient(dir: string): string | null {
  if (run('go', 'version').status !== 0) return null;
  const file = path.join(dir, 'client.go');
  const program = path.join(dir, 'client-of-go');
  writeFileSync(file, GO_CLIENT);
  const { status, stderr } = build(program, file);
  if (status !== 0) throw new Error(stderr);
  return program;
}
