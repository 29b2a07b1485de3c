import t from 'tap';
import type { EdgeTraffic } from './traffic-meter.ts';
import { trafficLine, trafficTable } from './view.ts';

function edge(service: string, requests: number, requestsPerSecond = requests / 2): EdgeTraffic {
  const rates = { requestsPerSecond, errorsPerSecond: 0.5, p99Ms: requestsPerSecond > 0 ? 4.25 : undefined };
  return { caller: 'frontend', service, ...rates, requests, errors: 1 };
}

t.test('the table has a line for each edge that was ever used', (t) => {
  t.equal(
    trafficTable([edge('catalog', 40), edge('payment', 7, 0), edge('reviews', 0)]),
    'EDGE                 REQ/S  ERR/S    P99  REQUESTS  ERRORS\n' +
      'frontend -> catalog   20.0    0.5  4.3ms        40       1\n' +
      'frontend -> payment    0.0    0.5      -         7       1\n',
  );
  t.equal(trafficTable([edge('reviews', 0)]), 'no requests yet\n');
  t.end();
});

t.test('of many edges the busiest are shown, in the order in which they came', (t) => {
  const edges = Array.from({ length: 30 }, (_, i) => edge(`s${i}`, i + 1));
  const lines = trafficTable(edges).trimEnd().split('\n');
  t.equal(lines.length, 20, 'titles, 18 edges and the rest');
  t.match(lines[1], 'frontend -> s12');
  t.equal(lines.at(-1), 'and 12 with fewer requests');
  t.end();
});

t.test('the line leaves out edges that are quiet now', (t) => {
  t.equal(
    trafficLine([edge('catalog', 40), edge('payment', 7, 0)]),
    'frontend -> catalog 20.0/s, 0.5 errors/s, p99 4.3ms\n',
  );
  t.equal(trafficLine([edge('payment', 7, 0)]), 'no requests\n');
  t.end();
});
