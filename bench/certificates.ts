/** Throw-away certificates for the TLS benches, made by the openssl command: a minute of life would do, they have a day. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CertificateFiles } from './peers/scenario.ts';

/** Makes an authority, a server and a client certificate (ECDSA P-256) in the folder. Throws without openssl. */
export function createCertificates(folder: string): CertificateFiles {
  const file = (name: string): string => join(folder, name);
  openssl('req', '-x509', ...newKey(file('ca.key')), '-out', file('ca.pem'), '-subj', '/CN=bench authority');
  for (const name of ['server', 'client']) issue(folder, name);
  return {
    ca: file('ca.pem'),
    serverCert: file('server.pem'),
    serverKey: file('server.key'),
    serverBoth: file('server-both.pem'),
    clientCert: file('client.pem'),
    clientKey: file('client.key'),
    clientBoth: file('client-both.pem'),
  };
}

function issue(folder: string, name: string): void {
  const [key, certificate] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)];
  const authority = ['-CA', join(folder, 'ca.pem'), '-CAkey', join(folder, 'ca.key')];
  const names = ['-subj', `/CN=bench ${name}`, '-addext', 'subjectAltName=DNS:localhost'];
  openssl('req', '-x509', ...newKey(key), '-out', certificate, ...authority, ...names);
  writeFileSync(join(folder, `${name}-both.pem`), readFileSync(certificate, 'utf8') + readFileSync(key, 'utf8'));
}

function newKey(path: string): string[] {
  return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1', '-keyout', path];
}

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
