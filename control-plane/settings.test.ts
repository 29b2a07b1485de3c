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

t.test('several control planes share a store', (t) => {
  const file = (path: string) => (path.startsWith('/mesh/') ? Buffer.from('-----BEGIN CERTIFICATE-----') : null);
  const read = (environment: Record<string, string>, ...argv: string[]) =>
    parseSettings(argv, { cwd: '/mesh', environment, readFile: file, sidecarCommand: ['sidecar'] });
  t.match(read({}), { store: { kind: 'sqlite' } });
  const words = '--store etcd --etcd-endpoints a:1,b:2 --etcd-prefix /shop --control-plane-address x:1,y:2';
  t.match(read({}, ...words.split(' ')), {
    store: {
      etcd: { endpoints: ['a:1', 'b:2'], prefix: '/shop/', user: null, tls: null },
      advertisedHttp: '127.0.0.1:15080',
      advertisedGrpc: '127.0.0.1:15010',
      controlPlaneAddresses: ['x:1', 'y:2'],
    },
  });
  const environment = {
    OUTRIDER_STORE: 'etcd',
    OUTRIDER_ETCD_ENDPOINTS: 'https://[::1]:2379',
    OUTRIDER_ETCD_CA: 'ca.pem',
    OUTRIDER_ETCD_USER: 'mesh',
    OUTRIDER_ETCD_PASSWORD: 'secret',
    OUTRIDER_ADVERTISE_HTTP: 'me:80',
  };
  t.match(read(environment), {
    store: {
      advertisedHttp: 'me:80',
      etcd: { endpoints: ['[::1]:2379'], user: { name: 'mesh', password: 'secret' }, tls: { client: null } },
    },
  });
  for (const [words, message] of [
    ['--store redis', '--store is "redis": it must be sqlite or etcd'],
    ['--etcd-prefix /x/', '--etcd-prefix is for --store etcd'],
    ['--store etcd --etcd-endpoints a', '--etcd-endpoints has "a"'],
    ['--store etcd --etcd-endpoints http://a:1,https://b:2', 'mixes http and https'],
    ['--store etcd --etcd-endpoints http://a:1 --etcd-ca x', 'an endpoint says http'],
    ['--store etcd --etcd-ca /elsewhere', '--etcd-ca is /elsewhere: it cannot be read'],
    ['--store etcd --etcd-cert c.pem', '--etcd-cert and --etcd-key belong together'],
    ['--store etcd --etcd-user u', 'the password belong together'],
    ['--store etcd --http 127.0.0.1:0', '--advertise-http is "127.0.0.1:0"'],
    ['--store etcd --grpc 0.0.0.0:1 --insecure', '--advertise-grpc is "0.0.0.0:1": others cannot reach that'],
    ['--store etcd --control-plane-address here', '--control-plane-address is "here"'],
  ] as const) {
    t.throws(() => read({}, ...words.split(' ')), new RegExp(message.replaceAll(/[/"().]/g, '\\$&')), words);
  }
  t.end();
});
