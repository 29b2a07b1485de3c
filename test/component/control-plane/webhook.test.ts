/** The admission webhook over HTTPS: what it answers, what it refuses to read, files that change while it serves. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import t, { type Test } from 'tap';
import { Agent, request } from 'undici';
import { podOf } from '../../../control-plane/injection/test-fixtures.ts';
import { parseWebhookOptions, type WebhookOptions } from '../../../control-plane/webhook/options.ts';
import { startWebhook } from '../../../control-plane/webhook/server.ts';
import { SystemClock } from '../../../kernel/clock.ts';
import { silentLogger } from '../../../kernel/log.ts';
import { EXPIRED_SERVER, FIRST_SERVER, MESH_CA_PEM, SECOND_SERVER } from '../../fakes/control-plane-certificates.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { FakeTimers } from '../../fakes/fake-timers.ts';

const SETTINGS = 'image: outrider:1\ninterceptImage: outrider-init:1\ncontrolPlane: [cp:15010]\n';

function review(object: unknown): string {
  const asked = { uid: 'u1', kind: { kind: 'Pod' }, operation: 'CREATE', namespace: 'shop', object };
  return JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: asked });
}

async function start(t: Test) {
  const directory = t.testdir();
  const file = (name: string, text: string) => writeFileSync(path.join(directory, name), text);
  file('settings', SETTINGS);
  file('cert', FIRST_SERVER.chainPem);
  file('key', FIRST_SERVER.keyPem);
  const words = '--settings settings --tls-cert cert --tls-key key --listen 127.0.0.1:0'.split(' ');
  const options = parseWebhookOptions(words, directory) as { readonly value: WebhookOptions };
  const fake = new FakeClock();
  const deps = { clock: new SystemClock(), timers: new FakeTimers(fake), logger: silentLogger };
  const webhook = await startWebhook(options.value, deps);
  const dispatcher = new Agent({ connect: { ca: MESH_CA_PEM } });
  t.teardown(() => dispatcher.close());
  const ask = async (path: string, body?: string) => {
    const url = `https://${webhook.address}${path}`;
    const answer = await request(url, { dispatcher, method: body === undefined ? 'GET' : 'POST', body: body ?? null });
    return { status: answer.statusCode, body: await answer.body.text() };
  };
  const metric = async (name: string) => {
    const line = (await ask('/metrics')).body
      .split('\n')
      .find((each) => each.startsWith(`outrider_control_plane_webhook_${name}`));
    return Number(line?.split(' ').at(-1));
  };
  return {
    webhook,
    ask,
    metric,
    file,
    directory,
    options: options.value,
    deps,
    look: () => fake.advance({ ms: 1_000 }),
  };
}

/** The serial number of the certificate that a new connection gets. */
function served(address: string): Promise<string> {
  const [host, port] = address.split(':');
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect(
      { host: host!, port: Number(port), ca: MESH_CA_PEM, servername: 'localhost' },
      () => {
        resolve(socket.getPeerCertificate().subject.CN as string);
        socket.end();
      },
    );
    socket.once('error', reject);
  });
}

t.test('reviews are answered, and everything else is told apart', async (t) => {
  const { webhook, ask, metric } = await start(t);
  t.match(JSON.parse((await ask('/inject', review(podOf()))).body), {
    response: { uid: 'u1', allowed: true, patchType: 'JSONPatch' },
  });
  t.match(JSON.parse((await ask('/inject?timeout=10s', review(podOf({ hostNetwork: true })))).body), {
    response: { allowed: true, patch: undefined, auditAnnotations: { outcome: 'host-network' } },
  });
  t.match(JSON.parse((await ask('/inject', review(podOf({}, { labels: {} })))).body), { response: { allowed: false } });
  t.match(await ask('/inject', '{"kind":"Pod"}'), { status: 400, body: /^the body must be an AdmissionReview/ });
  t.match(await ask('/inject', `"${'x'.repeat(4_200_000)}"`), { status: 413, body: /more than 4194304 bytes/ });
  t.equal((await ask('/inject')).status, 405);
  t.match(await ask('/nope'), { status: 404 });
  t.match(await ask('/readyz'), { status: 200, body: 'ok\n' });
  t.match(await ask('/healthz'), { status: 200 });
  t.equal(await metric('reviews_total{outcome="injected"}'), 1);
  t.equal(await metric('reviews_total{outcome="refused"}'), 1);
  t.equal(await metric('bad_requests_total{status="400"}'), 1);
  t.equal(await metric('bad_requests_total{status="413"}'), 1);
  await webhook.stop();
  await t.rejects(ask('/healthz'));
});

t.test('settings and certificate are exchanged while it serves; broken ones are told and not taken', async (t) => {
  const { webhook, ask, metric, file, look } = await start(t);
  t.teardown(() => webhook.stop());
  t.equal(await served(webhook.address), 'first');
  file('cert', SECOND_SERVER.chainPem);
  look();
  t.equal(await metric('file_broken{file="certificate"}'), 1, 'a certificate whose key is not there yet');
  t.equal(await served(webhook.address), 'first');
  file('key', SECOND_SERVER.keyPem);
  look();
  t.equal(await metric('file_broken{file="certificate"}'), 0);
  t.equal(await served(webhook.address), 'second');
  t.equal((await ask('/inject', review(podOf()))).status, 200, 'a connection from before goes on');

  file('settings', 'image: x');
  look();
  t.equal(await metric('file_broken{file="settings"}'), 1);
  const image = async () => {
    const { response } = JSON.parse((await ask('/inject', review(podOf()))).body) as { response: { patch: string } };
    return /"image":"(outrider:[^"]*)"/.exec(Buffer.from(response.patch, 'base64').toString())?.[1];
  };
  t.equal(await image(), 'outrider:1');
  file('settings', SETTINGS.replace('outrider:1', 'outrider:2'));
  look();
  t.equal(await image(), 'outrider:2');
});

t.test('a start with wrong files ends with a sentence', async (t) => {
  const { webhook, options, deps, file, directory } = await start(t);
  await t.rejects(
    startWebhook({ ...options, listen: { host: '127.0.0.1', port: Number(webhook.address.split(':')[1]) } }, deps),
    {
      message: /^cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE/,
    },
  );
  await webhook.stop();
  file('cert', EXPIRED_SERVER.chainPem);
  file('key', EXPIRED_SERVER.keyPem);
  await t.rejects(startWebhook(options, deps), { message: /cert expired at/ });
  file('settings', 'image: x');
  await t.rejects(startWebhook(options, deps), { message: /settings: interceptImage must be/ });
  rmSync(path.join(directory, 'settings'));
  mkdirSync(path.join(directory, 'settings'));
  await t.rejects(startWebhook(options, deps), { message: /settings cannot be read/ });
});
