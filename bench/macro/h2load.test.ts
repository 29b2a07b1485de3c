import t from 'tap';
import { parseH2load, requireAnswers } from './h2load.ts';

/** A report as h2load 1.52 writes it. */
function report(requests: string, statuses: string, times: string): string {
  return [
    'Main benchmark duration is started for thread #0.',
    'finished in 2.00s, 74250.00 req/s, 9.28MB/s',
    `requests: ${requests}`,
    `status codes: ${statuses}`,
    'traffic: 18.55MB (19454300) total, 435.28KB (445730) headers (space savings 93.87%), 14.16MB (14850000) data',
    '                     min         max         mean         sd        +/- sd',
    `time for request: ${times}`,
    'time for connect:       57us       120us        88us        21us    60.00%',
    '',
  ].join('\n');
}

const DONE = '148500 total, 148600 started, 148500 done, 148500 succeeded, 0 failed, 0 errored, 0 timeout';
const ALL_GOOD = '148500 2xx, 0 3xx, 0 4xx, 0 5xx';

t.test('requests that were answered and their mean time are read, in each of the units', (t) => {
  for (const [mean, meanUs] of [
    ['180us', 180],
    ['3.62ms', 3620],
    ['1.50s', 1_500_000],
  ] as const) {
    const text = report(DONE, ALL_GOOD, `      65us      3.62s       ${mean}        73us    90.06%`);
    t.same(parseH2load(text), { requests: 148_500, errors: 0, meanUs });
  }
  t.end();
});

t.test('a request that failed is an error, and so is one that was sent elsewhere', (t) => {
  const requests = '100 total, 110 started, 100 done, 93 succeeded, 7 failed, 2 errored, 0 timeout';
  const text = report(requests, '90 2xx, 3 3xx, 0 4xx, 5 5xx', '      65us      3.62ms       180us        73us    90%');
  t.match(parseH2load(text), { requests: 100, errors: 10 });
  t.end();
});

t.test('a run that mostly failed is not measured, one with a few failures is', (t) => {
  t.throws(() => requireAnswers({ requests: 0, errors: 0, meanUs: 1 }), /no request/);
  t.throws(() => requireAnswers({ requests: 1000, errors: 11, meanUs: 1 }), /11 of 1000 requests failed/);
  t.doesNotThrow(() => requireAnswers({ requests: 1000, errors: 10, meanUs: 1 }));
  t.end();
});

t.test('what is no report has no result', (t) => {
  t.equal(parseH2load('Could not connect to the host\n'), undefined);
  t.equal(parseH2load(''), undefined);
  t.end();
});
