import path from 'node:path';
import t from 'tap';
import { run } from '../test-fixtures.ts';

t.test('bootstraps of other xDS clients are printed, and mistakes in their options named', async (t) => {
  const { code, out } = await run([
    'envoy-bootstrap',
    '--control-plane',
    '[::1]:7',
    '--publish',
    '0.0.0.0:80=cart',
    '--sotw',
  ]);
  t.equal(code, 0);
  for (const part of [/address: ::1$/m, /api_type: GRPC$/m, /service: cart$/m, /type: STATIC$/m]) t.match(out, part);
  const grpc = await run(['grpc-bootstrap', '--node-id', 'me', '--control-plane', 'mesh.example:7']);
  t.match(JSON.parse(grpc.out), { xds_servers: [{ server_uri: 'mesh.example:7' }], node: { id: 'me', locality: {} } });
  const dir = t.testdir({ state: { 'xds.sock': '' }, token: 'secret\n' });
  const local = await run(['envoy-bootstrap', '--state', path.join(dir, 'state')]);
  t.match(local.out, `path: ${path.join(dir, 'state', 'xds.sock')}\n`, 'the socket of a state directory comes first');
  const token = path.join(dir, 'token');
  const named = await run([
    'envoy-bootstrap',
    '--state',
    path.join(dir, 'state'),
    '--token-file',
    token,
    '--ca',
    'a.pem',
  ]);
  for (const part of [/value: Bearer secret$/m, /filename: \/nowhere\/a\.pem$/m, /port_value: 15010$/m])
    t.match(named.out, part);
  t.match(
    (await run(['grpc-bootstrap', '--token-file', token])).err,
    /gRPC clients show no tokens .*: let them use the socket/,
  );
  for (const [option, problem] of [
    ['--service=cart', /--service and --app-port go together/],
    ['--publish=80=cart', /--publish has "80": it must be HOST:PORT/],
    ['--publish=0.0.0.0:80', /--publish has .* an address and a service, such as 0.0.0.0:8080=catalog/],
    ['--outbound=localhost:80', /--outbound has the host "localhost": it must be an IP address/],
    ['--control-plane=x:99999', /--control-plane has .* a port from 1 to 65535/],
    ['--admin-port=0', /It must be a port from 1 to 65535/],
  ] as const) {
    const { code, err } = await run(['envoy-bootstrap', option]);
    t.equal(code, 2, option);
    t.match(err, problem);
  }
});
