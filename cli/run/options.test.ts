import t from 'tap';
import { parseRunOptions } from './options.ts';

const words = (line: string) => line.split(' ').filter((each) => each !== '');

t.test('an application stands behind --, its own options included', (t) => {
  t.match(parseRunOptions(words('-c b.yaml --drain-timeout 1.5 -- node app.js -c x -- y')), {
    ok: true,
    value: {
      sidecar: { kind: 'bootstrap', configPath: 'b.yaml' },
      command: ['node', 'app.js', '-c', 'x', '--', 'y'],
      job: false,
      readyTimeoutMs: 30_000,
      drainTimeoutMs: 1_500,
      stopTimeoutMs: 10_000,
      lingerMs: 5_000,
    },
  });
  t.match(parseRunOptions(words('--control-plane [::1]:15010 --workload a --service b --service a -p 80 -- x')), {
    ok: true,
    value: {
      sidecar: {
        kind: 'join',
        controlPlanes: [{ host: '::1', port: 15_010 }],
        workload: 'a',
        services: ['a', 'b'],
        protocol: 'auto',
        port: 80,
      },
      lingerMs: 0,
    },
  });
  t.match(parseRunOptions(words('--control-plane localhost:1 --workload a --job -- x')), {
    value: { sidecar: { port: null } },
  });
  const joined = (more: string) =>
    parseRunOptions(words(`--control-plane 127.0.0.1:1 --workload a --job ${more} -- x`)) as {
      value: { sidecar: unknown };
    };
  const defaults = { ca: null, certificate: null, address: null, inboundPort: null, dnsPort: null, loopback: false };
  t.match(joined('').value.sidecar, defaults);
  t.match(joined('--dns').value.sidecar, { dnsPort: 0, loopback: false });
  t.match(joined('--loopback').value.sidecar, { dnsPort: 0, loopback: true });
  t.match(joined('--loopback --dns-port 53').value.sidecar, { dnsPort: 53 });
  t.match(joined('--tls --cert c --key k --address fd00::1 --inbound-port 9').value.sidecar, {
    ca: { kind: 'system' },
    certificate: { chain: 'c', key: 'k' },
    address: 'fd00::1',
    inboundPort: 9,
  });
  t.match(parseRunOptions(words('--control-plane cp:1 --insecure --workload a --job -- x')), { ok: true });
  t.end();
});

t.test('bad usage is one sentence', (t) => {
  const join = '--control-plane localhost:1 --workload a';
  const cases: readonly (readonly [string, string])[] = [
    ['', 'no application: put its command behind --, as in outrider run -c FILE -- node app.js'],
    ['-c x', 'no application: put its command behind --, as in outrider run -c FILE -- node app.js'],
    ['-c x --', 'no application: put its command behind --, as in outrider run -c FILE -- node app.js'],
    ['-c x node -- app', '"node" stands in front of --: put the application\'s command behind it'],
    ['--redy-timeout 3 -- x', 'unknown option --redy-timeout, did you mean --ready-timeout?'],
    ['-- x', 'no sidecar: give its bootstrap with -c FILE, or a control plane with --control-plane'],
    ['-c x --workload a -- x', '--workload stands in the bootstrap when there is one: give either it or --config-path'],
    ['--control-plane a:99999 -- x', '--control-plane: "a:99999" is not HOST:PORT, such as 127.0.0.1:15010'],
    ['--control-plane localhost:1 -- x', '--control-plane needs --workload: who the application is'],
    [`${join} -- x`, 'no --port: where the application listens; or --job, when it does not'],
    [`${join} -p 0 -- x`, '--port: "0" is no port; 1 to 65535 are'],
    [`${join} -p 1 --protocol udp -- x`, '--protocol: "udp" is not one of auto, http, http2, grpc, tcp'],
    [`${join} -p 1 --health-path h -- x`, '--health-path: "h" must start with /'],
    [
      '--control-plane cp.example:15010 --workload a --job -- x',
      '--control-plane cp.example:15010 is beyond this machine: say whom to trust for its certificate with --ca FILE or --tls; --insecure speaks plaintext, the token included',
    ],
    [`${join} --job --ca a --tls -- x`, '--ca and --tls both say whom to trust: give one of them'],
    [`${join} --job --ca a --cert c -- x`, '--cert and --key belong together: give both'],
    [`${join} --job --cert c --key k -- x`, '--cert needs TLS: say whom to trust with --ca FILE, or --tls'],
    [`${join} --job --address web -- x`, '--address: "web" is no IP address of this machine, such as 10.0.0.7'],
    [`${join} --job --dns-port 0 -- x`, '--dns-port: "0" is no port; 1 to 65535 are'],
    ['-c x --loopback -- x', '--loopback stands in the bootstrap when there is one: give either it or --config-path'],
    ['-c x --linger soon -- x', '--linger: "soon" is not a number of seconds of at most 86400'],
  ];
  for (const [line, error] of cases) t.same(parseRunOptions(words(line)), { ok: false, error }, line);
  t.equal((parseRunOptions(['--help']) as { value: unknown }).value, 'help');
  t.end();
});
