import t from 'tap';
import { parseSidecarOptions } from './options.ts';

const words = (line: string) => line.split(' ').filter((each) => each !== '');
const JOIN = '--control-plane mesh:15010 --workload web';

t.test('what is not said has its default', (t) => {
  t.strictSame(parseSidecarOptions(words(JOIN)), {
    ok: true,
    value: {
      controlPlanes: [{ host: 'mesh', port: 15_010 }],
      workload: 'web',
      services: ['web'],
      version: 'v1',
      protocol: 'auto',
      port: null,
      health: null,
      address: null,
      egress: 'allow',
      ipv6: false,
      stateDir: '/var/lib/outrider',
      tokenFile: null,
      ca: null,
      drainTimeoutS: 30,
      logLevel: 'warning',
    },
  });
  t.equal(parseSidecarOptions(['--help']).ok, true);
  t.end();
});

t.test('everything can be said', (t) => {
  const more = `--service front -p 80 --health-path /live --health-interval 2.5 --health-retries 3 --address ::1 --egress deny`;
  t.match(parseSidecarOptions(words(`--control-plane a:1,[::1]:2 --workload web --ipv6 ${more}`)), {
    value: {
      controlPlanes: [
        { host: 'a', port: 1 },
        { host: '::1', port: 2 },
      ],
      services: ['web', 'front'],
      port: 80,
      health: { probe: { kind: 'http', path: '/live' }, intervalMs: 2_500, timeoutMs: 1_000, retries: 3 },
      address: '::1',
      egress: 'deny',
      ipv6: true,
    },
  });
  t.match(parseSidecarOptions([...words(JOIN), '--health-grpc', '']), {
    value: { health: { probe: { kind: 'grpc', service: '' } } },
  });
  t.end();
});

t.test('bad usage is one sentence', (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ['', 'no --control-plane: where is its gRPC port, such as mesh:15010?'],
    ['--control-plane mesh --workload a', '--control-plane: "mesh" is not HOST:PORT, such as 127.0.0.1:15010'],
    ['--control-plane mesh:1', 'no --workload: who is the application?'],
    [`${JOIN} --protocol udp`, '--protocol: "udp" is not one of auto, http, http2, grpc, tcp'],
    [`${JOIN} --port 0`, '--port: "0" is no port; 1 to 65535 are'],
    [`${JOIN} --address mesh`, '--address: "mesh" is no IP address'],
    [`${JOIN} --egress maybe`, '--egress: "maybe" is not one of allow, deny'],
    [`${JOIN} --health-path live`, '--health-path: "live" must start with /'],
    [`${JOIN} --health-path / --health-grpc a`, 'both --health-path and --health-grpc: one of them can be asked'],
    [`${JOIN} --health-retries 0`, '--health-retries: "0" is no number from 1 to 100'],
    [`${JOIN} --health-timeout -1`, "Option '--health-timeout' argument is ambiguous"],
    [`${JOIN} --drain-timeout 1.5`, '--drain-timeout: "1.5" is no whole number of seconds of at most 86400'],
    [`${JOIN} --tokenfile x`, 'unknown option --tokenfile, did you mean --token-file?'],
  ];
  for (const [line, error] of cases) {
    const parsed = parseSidecarOptions(words(line));
    t.equal(parsed.ok ? '' : parsed.error.split('.\n')[0], error, line);
  }
  t.end();
});
