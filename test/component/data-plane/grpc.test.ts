/**
 * gRPC through two sidecars, with grpc-js at both ends. The same calls go over every kind of hop between the sidecars:
 *
 *   client ─h2─► sidecar ─hop─► sidecar ─h2─► server        hop: h2, h1 with trailers, or TLS that chooses by ALPN
 */
import { Metadata, status } from '@grpc/grpc-js';
import t from 'tap';
import { atRest, ELSEWHERE, HOPS, startChain } from './grpc-chain.ts';
import type { Handlers } from './grpc-peers.ts';
import { eventually } from './harness.ts';

/** A handler that fails with everything that trailers can carry. */
const failing: Partial<Handlers> = {
  echo: (_, reply) => {
    const metadata = new Metadata();
    metadata.set('x-reason', 'because');
    metadata.set('x-proof-bin', Buffer.from([0, 255, 13, 10]));
    reply({ code: status.DATA_LOSS, details: 'zerstört: 100 % — ✗', metadata });
  },
  talk: (call) => {
    const metadata = new Metadata();
    metadata.set('x-first', 'initial');
    call.sendMetadata(metadata);
    call.once('data', (each: Buffer) => {
      call.write(each);
      const trailing = new Metadata();
      trailing.set('x-last-bin', Buffer.from([1, 2, 3]));
      call.emit('error', { code: status.ABORTED, details: 'half way', metadata: trailing });
    });
  },
};

for (const hop of HOPS) {
  t.test(`over ${hop.name}`, async (t) => {
    t.test('all four kinds of calls are answered', async (t) => {
      const { client, first, second, servers } = await startChain(t, { hop });
      t.match(await client.echo('hello'), { code: status.OK, message: Buffer.from('hello') });
      t.match(await client.echo(''), { code: status.OK, message: Buffer.alloc(0) });
      const pieces = Array.from({ length: 200 }, (_, i) => Buffer.alloc(i * 10, i));
      t.equal((await client.collect(pieces)).message?.toString(), '200 199000');
      const counting = client.count(300);
      t.equal((await counting.status).code, status.OK);
      t.equal(counting.messages.length, 300);
      t.equal(counting.messages[299]!.toString(), 'message 299');
      const talk = client.talk();
      for (let i = 0; i < 20; i++) {
        talk.call.write(Buffer.from(`ping ${i}`));
        t.equal(await talk.message(i), `ping ${i}`);
      }
      talk.call.end();
      t.equal((await talk.status).code, status.OK);
      t.same(Object.fromEntries(servers[0]!.calls), { echo: 2, collect: 1, count: 1, talk: 1 });
      await atRest(t, first, second);
    });

    t.test('8 MB come back as they went', async (t) => {
      const { client } = await startChain(t, { hop });
      const message = Buffer.alloc(8_000_000);
      for (let i = 0; i < message.length; i++) message[i] = i % 251;
      const outcome = await client.echo(message);
      t.equal(outcome.code, status.OK, outcome.details);
      t.ok(outcome.message?.equals(message));
    });

    t.test('500 calls at once all get their own answer', async (t) => {
      const { client, first, second } = await startChain(t, { hop });
      const outcomes = await Promise.all(Array.from({ length: 500 }, (_, i) => client.echo(`call ${i}`)));
      t.same(
        outcomes.filter(({ message }, i) => message?.toString() !== `call ${i}`).map(({ details }) => details),
        [],
      );
      await atRest(t, first, second);
    });

    t.test('an error keeps its code, its text and its metadata', async (t) => {
      const { client, first, second } = await startChain(t, { hop, handlers: [failing] });
      const trailersOnly = await client.echo('x');
      t.equal(trailersOnly.code, status.DATA_LOSS);
      t.equal(trailersOnly.details, 'zerstört: 100 % — ✗');
      t.same(trailersOnly.metadata.get('x-reason'), ['because']);
      t.same(trailersOnly.metadata.get('x-proof-bin'), [Buffer.from([0, 255, 13, 10])]);
      const talk = client.talk();
      const initial = new Promise<Metadata>((resolve) => talk.call.once('metadata', resolve));
      talk.call.write(Buffer.from('one'));
      t.equal(await talk.message(0), 'one');
      t.same((await initial).get('x-first'), ['initial']);
      const end = await talk.status;
      t.equal(end.code, status.ABORTED);
      t.equal(end.details, 'half way');
      t.same(end.metadata.get('x-last-bin'), [Buffer.from([1, 2, 3])]);
      await atRest(t, first, second);
    });

    t.test('metadata of 30 KB pass both ways, and more than the limit is an error', async (t) => {
      const { client, servers } = await startChain(t, {
        hop,
        handlers: [
          {
            echo: (call, reply) => {
              const [text] = call.metadata.get('x-large');
              const metadata = new Metadata();
              metadata.set('x-large', call.request.length > 0 ? 'y'.repeat(Number(call.request)) : String(text));
              call.sendMetadata(metadata);
              reply(null, Buffer.from(String(String(text).length)));
            },
          },
        ],
      });
      const large = new Metadata();
      large.set('x-large', 'm'.repeat(30_000));
      const outcome = await client.echo('', { metadata: large });
      t.match(outcome, { code: status.OK, message: Buffer.from('30000') }, outcome.details);
      t.equal(String(outcome.initial.get('x-large')[0]).length, 30_000);
      const tooLarge = new Metadata();
      tooLarge.set('x-large', 'm'.repeat(62_000));
      const refused = await client.echo('', { metadata: tooLarge });
      t.equal(refused.code, status.UNKNOWN);
      t.match(refused.details, /431/);
      t.equal(servers[0]!.calls.get('echo'), 1);
      const answered = await client.echo('63000');
      t.not(answered.code, status.OK, 'an answer over the limit');
      t.not(answered.code, status.DEADLINE_EXCEEDED);
      t.equal((await client.echo('5')).code, status.OK, 'and the next call is served');
    });

    t.test('a client that gives up, by its deadline or by hand, is heard by the server', async (t) => {
      const cancelled: string[] = [];
      const { client, first, second, servers } = await startChain(t, {
        hop,
        handlers: [
          {
            echo: (call) => void call.on('cancelled', () => cancelled.push('echo')),
            talk: (call) => {
              call.on('data', (each: Buffer) => call.write(each));
              call.on('cancelled', () => cancelled.push('talk'));
              call.on('error', () => undefined);
            },
          },
        ],
      });
      t.equal((await client.echo('x', { deadline: Date.now() + 150 })).code, status.DEADLINE_EXCEEDED);
      t.equal(servers[0]!.calls.get('echo'), 1);
      await eventually(() => cancelled.includes('echo'), 'the end of the first call');
      const talk = client.talk();
      talk.call.write(Buffer.from('one'));
      t.equal(await talk.message(0), 'one');
      talk.call.cancel();
      t.equal((await talk.status).code, status.CANCELLED);
      await eventually(() => cancelled.includes('talk'), 'the end of the second call');
      await atRest(t, first, second);
    });

    t.test(
      'a server that is lost in the middle of a call is UNAVAILABLE, and the next call goes elsewhere',
      async (t) => {
        const talking: Partial<Handlers> = {
          talk: (call) => {
            call.on('data', (each: Buffer) => call.write(each));
            call.on('error', () => undefined);
          },
        };
        const { client, servers } = await startChain(t, {
          hop,
          handlers: [talking, talking],
          action: { retryPolicy: { ...ELSEWHERE, retryOn: ['connect-failure'] } },
        });
        const talk = client.talk();
        talk.call.write(Buffer.from('one'));
        t.equal(await talk.message(0), 'one');
        const lost = servers.find(({ calls }) => calls.get('talk') === 1)!;
        const left = servers.find((each) => each !== lost)!;
        lost.server.forceShutdown();
        const end = await talk.status;
        t.equal(end.code, status.UNAVAILABLE);
        t.match(end.details, /in the middle of its answer/);
        for (let i = 0; i < 4; i++) t.match(await client.echo(`${i}`), { code: status.OK });
        t.equal(left.calls.get('echo'), 4);
      },
    );
  });
}
