import t from 'tap';
import { AssertionError } from './assert.ts';
import { type MetricSample, MetricsRegistry } from './metrics.ts';

function registryOf(...samples: MetricSample[]): MetricsRegistry {
  const registry = new MetricsRegistry();
  registry.register((emit) => {
    for (const sample of samples) emit(sample);
  });
  return registry;
}

const requests = { name: 'outrider_requests_total', help: 'Requests by cluster.', type: 'counter' } as const;

t.test('a scrape asks every source for its numbers of that moment', async (t) => {
  const registry = new MetricsRegistry();
  let inFlight = 1;
  const remove = registry.register((emit) =>
    emit({ name: 'outrider_in_flight', help: 'Requests now.', type: 'gauge', labels: {}, value: inFlight }),
  );
  t.match((await registry.expose()).body, /^outrider_in_flight 1$/m);
  inFlight = 2.5;
  t.match((await registry.expose()).body, /^outrider_in_flight 2.5$/m);
  remove();
  t.equal((await registry.expose()).body.trim(), '');
});

t.test('the series of one metric stand together, whichever source they come from', async (t) => {
  const registry = registryOf({ ...requests, labels: { cluster: 'a', code: 200 }, value: 3 });
  registry.register((emit) => emit({ ...requests, labels: { cluster: 'b"\n\\', code: 500 }, value: 1e21 }));
  const { contentType, body } = await registry.expose();
  t.equal(contentType, 'text/plain; version=0.0.4; charset=utf-8');
  t.equal(
    body,
    `# HELP outrider_requests_total Requests by cluster.
# TYPE outrider_requests_total counter
outrider_requests_total{cluster="a",code="200"} 3
outrider_requests_total{cluster="b\\"\\n\\\\",code="500"} 1e+21
`,
  );
});

t.test('a histogram is written cumulatively', async (t) => {
  const registry = registryOf({
    name: 'outrider_request_duration_seconds',
    help: 'From first byte to last.',
    type: 'histogram',
    labels: { cluster: 'a' },
    buckets: { bounds: [0.1, 1], counts: Float64Array.of(1, 2, 3), sum: 9.5 },
  });
  t.match(
    (await registry.expose()).body,
    `# TYPE outrider_request_duration_seconds histogram
outrider_request_duration_seconds_bucket{le="0.1",cluster="a"} 1
outrider_request_duration_seconds_bucket{le="1",cluster="a"} 3
outrider_request_duration_seconds_bucket{le="+Inf",cluster="a"} 6
outrider_request_duration_seconds_sum{cluster="a"} 9.5
outrider_request_duration_seconds_count{cluster="a"} 6
`,
  );
});

t.test('OpenMetrics names the counter without _total and the series with it, and ends with EOF', async (t) => {
  const registry = registryOf(
    { ...requests, labels: {}, value: 3 },
    { ...requests, name: 'outrider_pushes', labels: {}, value: 4 },
  );
  const { contentType, body } = await registry.expose('openmetrics');
  t.match(contentType, /^application\/openmetrics-text; version=1.0.0/);
  t.equal(
    body,
    `# HELP outrider_requests Requests by cluster.
# TYPE outrider_requests counter
outrider_requests_total 3
# HELP outrider_pushes Requests by cluster.
# TYPE outrider_pushes counter
outrider_pushes_total 4
# EOF
`,
  );
});

t.test('contradictions between sources are refused, with the name', async (t) => {
  const series = { ...requests, labels: {}, value: 1 };
  await t.rejects(registryOf(series, { ...series, type: 'gauge' }).expose(), {
    name: 'AssertionError',
    message: /outrider_requests_total is emitted as gauge and as counter/,
  });
  const buckets = { bounds: [1], counts: [1], sum: 1 };
  await t.rejects(registryOf({ ...series, type: 'histogram', buckets }).expose(), AssertionError);
});
