import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import t from 'tap';
import { isJsonWebToken, keyIdOf, keysOfSet, readServiceAccountToken } from './service-account-tokens.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwk = (key: KeyObject, kid: string) => ({ ...key.export({ format: 'jwk' }), kid, use: 'sig' });
const cluster = {
  issuer: 'https://kubernetes.default.svc',
  keys: keysOfSet({ keys: [jwk(rsa.publicKey, 'r'), jwk(ec.publicKey, 'e'), { kid: 'odd', kty: 'x' }, null] }),
};
const NOW_MS = Date.parse('2027-01-01T00:00:00Z');
const CLAIMS = {
  iss: cluster.issuer,
  aud: ['outrider'],
  exp: NOW_MS / 1000 + 3600,
  nbf: NOW_MS / 1000,
  sub: 'system:serviceaccount:shop:cart',
};

interface Token {
  readonly header?: object;
  readonly claims?: object;
  readonly key?: KeyObject;
}

function token({ header = {}, claims = {}, key = rsa.privateKey }: Token = {}): string {
  const text = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${text({ alg: 'RS256', kid: 'r', ...header })}.${text({ ...CLAIMS, ...claims })}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

function read(text: string) {
  return readServiceAccountToken(text, 'outrider', cluster, NOW_MS);
}

t.test('a token of the cluster says whose it is, with either kind of key', (t) => {
  t.same([...cluster.keys.keys()], ['r', 'e'], 'a key that is none is left out');
  t.same(read(token()), { ok: true, value: { namespace: 'shop', name: 'cart', pod: null } });
  t.match(read(token({ header: { alg: 'ES256', kid: 'e' }, key: ec.privateKey })), { ok: true });
  t.match(read(token({ claims: { aud: 'outrider' } })), { ok: true });
  const bound = { namespace: 'shop', pod: { name: 'cart-0', uid: 'u' }, serviceaccount: { name: 'cart' } };
  t.match(read(token({ claims: { 'kubernetes.io': bound } })), { value: { pod: 'cart-0' } });
  t.match(read(token({ claims: { 'kubernetes.io': { pod: null } } })), { value: { pod: null } });
  t.equal(keyIdOf(token()), 'r');
  for (const text of ['outrider_abc', 'eyJ.x', 'eyJ9.a.b.c', '']) t.equal(isJsonWebToken(text), false, text);
  t.equal(isJsonWebToken(token()), true);
  t.end();
});

t.test('everything else is refused, and it is said why', (t) => {
  const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const [header, payload, signature] = token().split('.');
  const forged = Buffer.from(JSON.stringify({ ...CLAIMS, sub: 'system:serviceaccount:shop:web' })).toString(
    'base64url',
  );
  for (const [text, error] of [
    [token({ header: { alg: 'none' } }), /signed in a way/],
    [token({ header: { alg: 'HS256' } }), /signed in a way/],
    [token({ header: { kid: 'x' } }), /key that the cluster does not have/],
    [token({ header: { kid: 'e' } }), /signature .* is wrong/],
    [token({ key: stranger }), /signature .* is wrong/],
    [`${header}.${forged}.${signature}`, /signature .* is wrong/],
    [`${header}.${payload}.`, /signature .* is wrong/],
    [token({ claims: { iss: 'https://other' } }), /is of issuer "https:\/\/other"/],
    [token({ claims: { aud: ['https://kubernetes.default.svc'] } }), /and not for "outrider"/],
    [token({ claims: { exp: undefined } }), /does not expire/],
    [token({ claims: { exp: NOW_MS / 1000 } }), /expired at 2027-01-01T00:00:00/],
    [token({ claims: { nbf: NOW_MS / 1000 + 61 } }), /not good yet/],
    [token({ claims: { sub: 'alice' } }), /is no ServiceAccount/],
    ['eyJ.e30.x', /signed in a way/],
  ] as const)
    t.match(read(text), { ok: false, error });
  t.end();
});
