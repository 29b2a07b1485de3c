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
  t.match(parseRunOptions(words('--control-plane a:1 --workload a --job -- x')), {
    value: { sidecar: { port: null } },
  });
  t.end();
});

t.test('bad usage is one sentence', (t) => {
  const join = '--control-plane a:1 --workload a';
  const cases: readonly (readonly [string, string])[] = [
    ['', 'no application: put its command behind --, as in outrider run -c FILE -- node app.js'],
    ['-c x', 'no application: put its command behind --, as in outrider run -c FILE -- node app.js'],
    ['-c x --', 'no application: put its command behind --, as in outrider run -c FILE -- node app.js'],
    ['-c x node -- app', '"node" stands in front of --: put the application\'s command behind it'],
    ['--redy-timeout 3 -- x', 'unknown option --redy-timeout, did you mean --ready-timeout?'],
    ['-- x', 'no sidecar: give its bootstrap with -c FILE, or a control plane with --control-plane'],
    ['-c x --workload a -- x', '--workload stands in the bootstrap when there is one: give either it or --config-path'],
    ['--control-plane a:99999 -- x', '--control-plane: "a:99999" is not HOST:PORT, such as 127.0.0.1:15010'],
    ['--control-plane a:1 -- x', '--control-plane needs --workload: who the application is'],
    [`${join} -- x`, 'no --port: where the application listens; or --job, when it does not'],
    [`${join} -p 0 -- x`, '--port: "0" is no port; 1 to 65535 are'],
    [`${join} -p 1 --protocol udp -- x`, '--protocol: "udp" is not one of auto, http, http2, grpc, tcp'],
    [`${join} -p 1 --health-path h -- x`, '--health-path: "h" must start with /'],
    ['-c x --linger soon -- x', '--linger: "soon" is not a number of seconds of at most 86400'],
  ];
  for (const [line, error] of cases) t.same(parseRunOptions(words(line)), { ok: false, error }, line);
  t.equal((parseRunOptions(['--help']) as { value: unknown }).value, 'help');
  t.end();
});
