import t from 'tap';
import { parseSettings, UsageError } from './settings.ts';

const parse = (...argv: string[]) =>
  parseSettings(argv, { cwd: '/mesh', environment: {}, readFile: () => null, sidecarCommand: ['sidecar'] });

t.test('a command line without options means the defaults', (t) => {
  t.match(parse(), {
    stateDir: '/mesh/.outrider',
    http: { host: '127.0.0.1', port: 15_080 },
    grpc: { host: '127.0.0.1', port: 15_010 },
    stopWorkloadsOnExit: false,
    logLevel: 'info',
  });
  t.end();
});

t.test('every option is read', (t) => {
  t.match(
    parse(
      '--state',
      'x',
      '--http=0.0.0.0:0',
      '--insecure',
      '--grpc',
      '[::1]:1',
      '--stop-workloads-on-exit',
      '--log-level',
      'debug',
    ),
    {
      stateDir: '/mesh/x',
      http: { host: '0.0.0.0', port: 0 },
      grpc: { host: '::1', port: 1 },
      stopWorkloadsOnExit: true,
      logLevel: 'debug',
    },
  );
  t.equal(parse('--help'), 'help');
  t.end();
});

t.test('a mistake is told with what is allowed', (t) => {
  const refused = (message: RegExp, ...argv: string[]) =>
    t.throws(() => parse(...argv), { constructor: UsageError, message });
  refused(/Did you mean --state\?/, '--stat', 'x');
  refused(/--http is "15080": it must be HOST:PORT/, '--http', '15080');
  refused(/HOST:PORT/, '--grpc', 'a:70000');
  refused(/must be one of debug, info/, '--log-level', 'loud');
  refused(/Unexpected argument/, 'extra');
  t.end();
});
