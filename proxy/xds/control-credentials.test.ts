import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { NO_SECRETS } from '../../test/fakes/config-builders.ts';
import { TEST_CERTIFICATE_PEM } from '../config/decode/test-certificates.ts';
import type { TlsValidationConfig, UpstreamTlsConfig } from '../config/model/tls.ts';
import { controlCredentials } from './control-credentials.ts';

const PLAIN = { tls: null, verifier: null, headers: [], tokenFile: null };

t.test('every stream carries the headers of the bootstrap, and the token as it is in the file now', (t) => {
  const file = join(t.testdir({ token: 'one\n' }), 'token');
  const headers = [
    ['authorization', 'Bearer of the bootstrap'],
    ['x-mesh', 'shop'],
  ] as const;
  const given = controlCredentials({ ...PLAIN, headers });
  t.same(given.metadata().getMap(), { authorization: 'Bearer of the bootstrap', 'x-mesh': 'shop' });
  const credentials = controlCredentials({ ...PLAIN, headers, tokenFile: file });
  t.same(credentials.metadata().get('authorization'), ['Bearer one'], 'the file counts before the header');
  writeFileSync(file, 'two');
  t.same(credentials.metadata().get('authorization'), ['Bearer two']);
  t.same(controlCredentials(PLAIN).metadata().getMap(), {});
  const missing = controlCredentials({ ...PLAIN, tokenFile: `${file}.gone` });
  t.throws(() => missing.metadata(), /the token for the control plane cannot be read: ENOENT/);
  t.end();
});

t.test('what could not be verified is refused at the start', (t) => {
  const validation: TlsValidationConfig = {
    trustedCa: { kind: 'pem', pem: TEST_CERTIFICATE_PEM },
    crlPem: null,
    acceptUntrusted: false,
    spkiHashes: [],
    certificateHashes: ['ab'.repeat(32)],
    sans: [],
  };
  const make = (change: Partial<TlsValidationConfig>) => {
    const parameters = {
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.3',
      ciphers: null,
      curves: null,
      signatureAlgorithms: null,
    } as const;
    const tls: UpstreamTlsConfig = {
      ...NO_SECRETS,
      certificates: [],
      validation: { ...validation, ...change },
      parameters,
      alpnProtocols: [],
      sni: 'mesh.test',
    };
    return controlCredentials({ ...PLAIN, tls });
  };
  t.equal(make({}).serverName, 'mesh.test');
  t.ok(make({}).channel()._isSecure());
  t.throws(() => make({ trustedCa: null }), /are verified with a trusted_ca only/);
  t.throws(() => make({ acceptUntrusted: true }), /are verified with a trusted_ca only/);
  t.end();
});
