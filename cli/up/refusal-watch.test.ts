import t from 'tap';
import { MockAgent } from 'undici';
import { Client } from '../api-client.ts';
import { RefusalWatch } from './refusal-watch.ts';

const SERVER = 'http://127.0.0.1:15080';

t.test('a refusal is told once, and again when it was mended and comes back', async (t) => {
  const agent = new MockAgent();
  agent.disableNetConnect();
  const answer = (nacked: object) => {
    const nodes = [{ id: 'frontend-0', connected: true, types: { LDS: { version: 'a', acked: false, ...nacked } } }];
    agent.get(SERVER).intercept({ path: '/v1/status' }).reply(200, JSON.stringify({ nodes }));
  };
  const watch = new RefusalWatch(new Client(SERVER, agent));
  const refused = { nacked: { message: 'port 8080 is taken', atMs: 1 } };
  const looks: string[][] = [];
  for (const nacked of [refused, refused, {}, refused]) {
    answer(nacked);
    looks.push(await watch.look());
  }
  const sentence = 'frontend-0 refused LDS: port 8080 is taken';
  t.strictSame(looks, [[sentence], [], [], [sentence]]);
  t.strictSame(await watch.look(), [], 'nobody answers: nothing to tell');
});
