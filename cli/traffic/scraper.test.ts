import t from 'tap';
import { MockAgent } from 'undici';
import { Client } from '../api-client.ts';
import { Scraper } from './scraper.ts';

const SERVER = 'http://127.0.0.1:15080';
const targets = [
  { targets: ['127.0.0.1:1'], labels: { workload: 'frontend' } },
  { targets: ['127.0.0.1:2'], labels: { workload: 'catalog' } },
];

function agentOf(): MockAgent {
  const agent = new MockAgent();
  agent.disableNetConnect();
  return agent;
}

/** Lets each sidecar answer `times` scrapes with its own address as the page. */
function answering(agent: MockAgent, addresses: readonly string[], times: number): void {
  for (const address of addresses) {
    agent.get(`http://${address}`).intercept({ path: '/stats/prometheus' }).reply(200, address).times(times);
  }
}

t.test('every sidecar that the control plane lists is asked', async (t) => {
  const agent = agentOf();
  agent.get(SERVER).intercept({ path: '/v1/prometheus/targets' }).reply(200, JSON.stringify(targets));
  answering(agent, ['127.0.0.1:1', '127.0.0.1:2'], 1);
  t.strictSame(await new Scraper(new Client(SERVER, agent), agent).scrape(), [
    { target: '127.0.0.1:1', workload: 'frontend', text: '127.0.0.1:1' },
    { target: '127.0.0.1:2', workload: 'catalog', text: '127.0.0.1:2' },
  ]);
});

t.test('a sidecar that does not answer is left out', async (t) => {
  const agent = agentOf();
  agent.get(SERVER).intercept({ path: '/v1/prometheus/targets' }).reply(200, JSON.stringify(targets));
  answering(agent, ['127.0.0.1:2'], 1);
  const pages = await new Scraper(new Client(SERVER, agent), agent).scrape();
  t.strictSame(
    pages.map((page) => page.workload),
    ['catalog'],
  );
});

t.test('while the control plane is away the sidecars that were known are asked', async (t) => {
  const agent = agentOf();
  agent.get(SERVER).intercept({ path: '/v1/prometheus/targets' }).reply(200, JSON.stringify(targets));
  answering(agent, ['127.0.0.1:1', '127.0.0.1:2'], 2);
  const scraper = new Scraper(new Client(SERVER, agent), agent);
  await scraper.scrape();
  t.equal((await scraper.scrape()).length, 2);
});
