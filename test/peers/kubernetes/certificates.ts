/** Authorities and what they issue, made with openssl: the same key and names again and again would prove no rotation. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ok } from '../namespaces.ts';

/** Who signs. */
export interface Authority {
  readonly pem: string;
  readonly directory: string;
}

/** Of this process, and gone with it. */
const FOLDER = mkdtempSync(path.join(tmpdir(), 'outrider-ca-'));
process.once('exit', () => rmSync(FOLDER, { recursive: true, force: true }));

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** A new authority, in a folder of its own. */
export function newAuthority(name: string): Authority {
  const directory = mkdtempSync(path.join(FOLDER, 'authority-'));
  const file = (each: string) => path.join(directory, each);
  const extensions = ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign'];
  const out = ['-keyout', file('ca.key'), '-out', file('ca.pem')];
  ok('openssl', 'req', '-x509', ...KEY, ...out, '-days', '30', '-subj', `/CN=${name}`, ...extensions);
  return { pem: readFileSync(file('ca.pem'), 'utf8'), directory };
}

/** A server's certificate and key for these names (`DNS:a`, `IP:127.0.0.1`), in PEM. */
export function issue(
  { directory }: Authority,
  names: readonly string[],
): { readonly cert: string; readonly key: string } {
  const file = (each: string) => path.join(directory, each);
  ok('openssl', 'req', ...KEY, '-keyout', file('key'), '-out', file('csr'), '-subj', '/CN=server');
  writeFileSync(file('ext'), `subjectAltName=${names.join(',')}\nextendedKeyUsage=serverAuth\n`);
  const by = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial'];
  ok(
    'openssl',
    'x509',
    '-req',
    '-in',
    file('csr'),
    ...by,
    '-out',
    file('cert'),
    '-days',
    '30',
    '-extfile',
    file('ext'),
  );
  return { cert: readFileSync(file('cert'), 'utf8'), key: readFileSync(file('key'), 'utf8') };
}
