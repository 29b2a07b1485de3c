import t from 'tap';
import { cluster } from '../../test/fakes/config-builders.ts';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { FakeTimers } from '../../test/fakes/fake-timers.ts';
import type { SecretConfig } from '../config/model/secret.ts';
import type { UpstreamTlsConfig } from '../config/model/tls.ts';
import { resolveTls } from '../config/resolve-tls.ts';
import { EMPTY_SNAPSHOT } from '../config/snapshot.ts';
import { clustersWaitFor, neededNames, treeWaitsFor } from './dependency-tracker.ts';
import { RepeatedRefusals } from './repeated-refusals.ts';

const NOTHING = { clusters: null, listeners: null, endpoints: new Map(), routes: new Map(), secrets: new Map() };
const ADS = { file: null, fetchTimeoutMs: 15_000 };
const ALL = { fixed: EMPTY_SNAPSHOT, clusters: ADS, listeners: ADS, demanded: null };

// ---------------------------------------------------------------------------------------------------------------------
// Refusals

t.test('what only repeats the refusal before is told half a second later, everything else at once', (t) => {
  const clock = new FakeClock();
  const timers = new FakeTimers(clock);
  const refusals = new RepeatedRefusals(timers);
  const told: string[] = [];
  const answer = (version: string, why: string | null) =>
    refusals.answer('CDS', version, why, () => told.push(`${version} ${why}`));
  answer('1', 'no');
  answer('1', 'no');
  t.same(told.splice(0), ['1 no']);
  clock.advance({ ms: 499 });
  t.same(told, []);
  clock.advance({ ms: 1 });
  t.same(told.splice(0), ['1 no']);
  answer('1', 'no');
  answer('2', 'no');
  answer('2', 'never');
  clock.advance({ ms: 1_000 });
  t.same(told.splice(0), ['2 no', '2 never'], 'a newer response takes the place of one that waits');
  answer('3', null);
  answer('2', 'never');
  t.same(told.splice(0), ['3 null', '2 never'], 'a good one ends the row');
  answer('2', 'never');
  refusals.clear();
  clock.advance({ ms: 1_000 });
  t.same(told, [], 'nothing is told when the stream is gone');
  t.end();
});

// ---------------------------------------------------------------------------------------------------------------------
// Secrets

function secretTls(change: object = {}): UpstreamTlsConfig {
  const source = { kind: 'ads' } as const;
  const own = { name: 'own', source, fetchTimeoutMs: 15_000, key: 'ads own' };
  const trust = { name: 'trust', source, fetchTimeoutMs: 15_000, key: 'ads trust' };
  const parameters = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3', ciphers: null, curves: null } as const;
  const common = { certificates: [], certificateSecrets: [own], validation: null, validationSecret: trust };
  return { ...common, parameters: { ...parameters, signatureAlgorithms: null }, alpnProtocols: [], sni: '', ...change };
}

const TRUST = {
  trustedCa: { kind: 'pem', pem: 'ca' },
  crlPem: null,
  acceptUntrusted: false,
  spkiHashes: [],
  certificateHashes: ['aa'],
  sans: [],
} as const;

t.test('TLS stands when all of its secrets are there and are what is wanted of them', (t) => {
  const identity = { chainPem: 'chain', keyPem: 'key' };
  const own = { kind: 'certificate', name: 'own', identity } as const;
  const trust = { kind: 'validation', name: 'trust', validation: TRUST } as const;
  const all = new Map<string, SecretConfig>([
    ['ads own', own],
    ['ads trust', trust],
  ]);
  t.match(resolveTls(secretTls(), all), { ok: true, value: { certificates: [identity], validation: TRUST } });
  t.same(resolveTls(secretTls(), new Map([['ads own', own]])), {
    ok: false,
    error: 'the secret "trust" (SDS) is not there',
  });
  const swapped = new Map<string, SecretConfig>([...all, ['ads own', trust]]);
  t.same(resolveTls(secretTls(), swapped), { ok: false, error: 'the secret "own" (SDS) is not a certificate' });
  const names = [{ kind: 'dns', match: { kind: 'exact', value: 'a', ignoreCase: false } }];
  const inPlace = { ...TRUST, trustedCa: null, certificateHashes: ['bb'], sans: names };
  t.match(resolveTls(secretTls({ validation: inPlace }), all), {
    value: { validation: { trustedCa: TRUST.trustedCa, certificateHashes: ['bb', 'aa'], sans: names } },
  });
  const vouching = { ...trust, validation: { ...TRUST, trustedCa: null } };
  t.match(resolveTls(secretTls({ validation: inPlace }), new Map([...all, ['ads trust', vouching]])), {
    ok: false,
    error: /has no trusted_ca that vouches/,
  });
  t.end();
});

t.test('a tree waits for the secrets of clusters and listeners', (t) => {
  const clusters = new Map([['a', cluster('a', [1], { tls: secretTls() })]]);
  const known = { ...NOTHING, clusters, listeners: new Map() };
  t.same([...neededNames(ALL, known).secrets], ['own', 'trust']);
  t.same(treeWaitsFor(ALL, known), ['secret "own" (SDS)', 'secret "trust" (SDS)']);
  t.same(clustersWaitFor(ALL, known), treeWaitsFor(ALL, known));
  t.end();
});
