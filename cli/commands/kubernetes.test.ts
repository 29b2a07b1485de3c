import t from 'tap';
import { FIRST_SERVER, MESH_CA_PEM } from '../../test/fakes/control-plane-certificates.ts';
import { runIn } from '../test-fixtures.ts';

t.test('what is wrong with files and options is said before anything is printed', async (t) => {
  const cwd = t.testdir({
    'ca.pem': MESH_CA_PEM,
    'server.pem': FIRST_SERVER.chainPem,
    'server.key': FIRST_SERVER.keyPem,
    access: 'pods workload\n',
  });
  const run = async (...words: readonly string[]) => {
    const { code, out, err } = await runIn({ cwd }, ['kubernetes', ...words]);
    t.equal(out, '');
    return { code, err };
  };
  const files = ['--ca', 'ca.pem', '--cert', 'server.pem', '--key', 'server.key'];
  t.match(await run(), { code: 2, err: /required option '--ca <file>'/ });
  t.match(await run(...files, '--ca', 'nope'), { code: 1, err: /^error: --ca nope cannot be read: ENOENT/ });
  t.match(await run(...files, '--key', 'ca.pem'), { code: 1, err: /ca\.pem has no private key/ });
  t.match(await run(...files), {
    code: 1,
    err: /server\.pem is not for outrider-control-plane\.outrider-system\.svc: it needs .* and outrider-webhook\./,
  });
  t.match(await run(...files, '--namespace', 'A_b'), { code: 2, err: /namespace "A_b" is no DNS label/ });
  t.match(await run(...files, '--injector', 'magic'), { code: 2, err: /Allowed choices are webhook, policy/ });
});
