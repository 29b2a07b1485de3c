import t from 'tap';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { fakeExchange, requestHead } from '../../test/fakes/fake-exchange.ts';
import { CONNECT_FAILURE } from '../http/failure.ts';
import { FlightRecorder } from '../telemetry/recorder/flight-recorder.ts';
import { recorderEndpoint } from './recorder-page.ts';

function page() {
  const clock = new FakeClock();
  const recorder = new FlightRecorder();
  for (const [path, status] of [
    ['/fine', 200],
    ['/broken', 503],
    ['/missing', 404],
  ] as const) {
    const each = fakeExchange(clock, requestHead(`GET ${path}`));
    Object.assign(each, { method: 'GET', path, authority: 'shop', status, clusterName: 'shop', attempts: 1 });
    if (status === 503) {
      each.failure = CONNECT_FAILURE;
      clock.advance({ ms: 2 });
      each.note('attempt 1 at 10.0.0.1:80 failed');
    }
    recorder.record(each, clock.nowMs());
  }
  const wallTimeOf = (ms: number) => new Date(ms);
  const endpoint = recorderEndpoint({ flights: () => ({ flights: recorder.flights(), wallTimeOf }) });
  return (query: string) => endpoint.handle({ path: '/recorder', query: new URLSearchParams(query) });
}

t.test('every request is told in lines', async (t) => {
  const { body } = await page()('');
  t.equal(body.split('\n').filter((line) => /^\d{4}-/.test(line)).length, 3);
  t.match(body, /GET shop\/broken from 10\.0\.0\.7: 503 after 2 ms\n {4}cluster shop\n {4}\+ 2 ms {2}attempt 1/);
  t.match(body, /failed \(UF\): The connection to the endpoint could not be made\./);
  t.match(await page()('path=nothing'), { body: 'no request is remembered that fits\n' });
});

t.test('questions narrow it down', async (t) => {
  const ask = page();
  const paths = async (query: string) =>
    (JSON.parse((await ask(`format=json&${query}`)).body) as { path: string }[]).map(({ path }) => path);
  t.same(await paths(''), ['/missing', '/broken', '/fine']);
  t.same(await paths('troubled'), ['/broken']);
  t.same(await paths('status=4xx'), ['/missing']);
  t.same(await paths('status=200'), ['/fine']);
  t.same(await paths('path=^/(fine|broken)$'), ['/broken', '/fine']);
  t.same(await paths('limit=1'), ['/missing']);
});

t.test('a question that makes no sense is told so', async (t) => {
  for (const query of ['status=abc', 'status=700', 'limit=0', 'limit=x', 'path=(']) {
    const { status, body } = await page()(query);
    t.equal(status, 400, query);
    t.match(body, query.split('=')[0]);
  }
});
