import t from 'tap';
import { OUTSIDE, type Scrape, TrafficMeter } from './traffic-meter.ts';

interface Counts {
  readonly requests: number;
  readonly errors?: number;
  /** Requests that took at most 10 ms; the others took at most 100 ms. */
  readonly fast?: number;
}

function page(cluster: string, { requests, errors = 0, fast = requests }: Counts): string {
  const label = `envoy_cluster_name="${cluster}"`;
  return [
    '# TYPE envoy_cluster_upstream_rq_total counter',
    `envoy_cluster_upstream_rq_total{${label}} ${requests}`,
    `envoy_cluster_upstream_rq_xx{envoy_response_code_class="2",${label}} ${requests - errors}`,
    `envoy_cluster_upstream_rq_xx{envoy_response_code_class="5",${label}} ${errors}`,
    `envoy_cluster_upstream_rq_time_bucket{${label},le="10"} ${fast}`,
    `envoy_cluster_upstream_rq_time_bucket{${label},le="100"} ${requests}`,
    `envoy_cluster_upstream_rq_time_bucket{${label},le="+Inf"} ${requests}`,
    `envoy_cluster_membership_healthy{${label}} 3`,
    '',
  ].join('\n');
}

function scrape(target: string, text: string, workload = 'frontend'): Scrape {
  return { target, workload, text };
}

function meter(): TrafficMeter {
  return new TrafficMeter(new Set(['frontend']));
}

t.test('rates are of the time since the last look, and sums of the time since the first', (t) => {
  const traffic = meter();
  const [before] = traffic.observe([scrape('a', page('catalog', { requests: 1000, errors: 7 }))], 0);
  t.match(before, { caller: 'frontend', service: 'catalog', requestsPerSecond: 0, requests: 0, errors: 0 });
  traffic.observe([scrape('a', page('catalog', { requests: 1100, errors: 7 }))], 2000);
  const [row] = traffic.observe([scrape('a', page('catalog', { requests: 1140, errors: 9 }))], 4000);
  t.match(row, { requestsPerSecond: 20, errorsPerSecond: 1, requests: 140, errors: 2 });
  t.end();
});

t.test('replicas of one caller are one edge, with the p99 of all of them', (t) => {
  const traffic = meter();
  const pages = (requests: number, fast: number) => [
    scrape('a', page('catalog', { requests, fast: requests })),
    scrape('b', page('catalog', { requests, fast })),
  ];
  traffic.observe(pages(0, 0), 0);
  const rows = traffic.observe(pages(100, 0), 1000);
  t.equal(rows.length, 1);
  t.match(rows[0], { requestsPerSecond: 200, requests: 200 });
  t.ok(rows[0]!.p99Ms! > 90, `half of them are slow, p99 is ${rows[0]!.p99Ms}`);
  t.end();
});

t.test('a sidecar that was restarted has counted from zero', (t) => {
  const traffic = meter();
  traffic.observe([scrape('a', page('catalog', { requests: 500 }))], 0);
  const [row] = traffic.observe([scrape('a', page('catalog', { requests: 30 }))], 1000);
  t.equal(row!.requests, 30);
  t.end();
});

t.test('a sidecar that is new since the first look counts in full', (t) => {
  const traffic = meter();
  traffic.observe([], 0);
  const [row] = traffic.observe([scrape('a', page('catalog', { requests: 30 }))], 1000);
  t.equal(row!.requests, 30);
  t.end();
});

t.test('what a published workload sends to itself comes from outside', (t) => {
  const traffic = meter();
  const scrapes = [
    scrape('a', page('frontend', { requests: 10 })),
    scrape('b', page('catalog-v1', { requests: 10 }), 'catalog-v1'),
  ];
  const rows = traffic.observe(scrapes, 0);
  t.strictSame(
    rows.map((row) => [row.caller, row.service]),
    [
      [OUTSIDE, 'frontend'],
      ['catalog-v1', 'catalog-v1'],
    ],
  );
  t.end();
});

t.test("what arrives at a sidecar's own application was counted by its caller", (t) => {
  t.strictSame(meter().observe([scrape('a', page('inbound', { requests: 10 }))], 0), []);
  t.end();
});

t.test('the connection to the control plane is no traffic', (t) => {
  t.strictSame(meter().observe([scrape('a', page('outrider-control-plane', { requests: 1 }))], 0), []);
  t.end();
});
