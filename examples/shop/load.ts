/**
 * Load for the shop: requests at a steady rate against the frontend, and an honest count of what came back.
 *
 *   node load.ts [--url http://127.0.0.1:8080] [--rate 20] [--seconds 0] [--strict]
 *
 * Requests start on time whether or not earlier ones have been answered. One of ten is an order, the others look at the
 * page. It ends after --seconds (0: never), on SIGINT or SIGTERM, or when the process that started it goes away, and
 * waits for the answers that are still out. With --strict it exits with 1 when any request failed.
 */
import http from 'node:http';
import { parseArgs } from 'node:util';

const { values: flags } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:8080' },
    rate: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '0' },
    strict: { type: 'boolean', default: false },
  },
});

/** A request without an answer by then has failed. */
const ANSWER_TIMEOUT_MS = 10_000;
/** The first failures are told in full, the others counted. */
const FAILURES_TOLD = 10;
const TICK_MS = 10;

const agent = new http.Agent({ keepAlive: true });
const rate = Number(flags.rate);
const startedMs = performance.now();
const total = { sent: 0, ok: 0, failed: 0 };
let window = freshWindow();
let ending = false;

function freshWindow() {
  return { ok: 0, failed: 0, latenciesMs: [] as number[], versions: new Map<string, number>() };
}

function sendOne(): void {
  const order = total.sent++ % 10 === 9;
  const sentMs = performance.now();
  const url = new URL(order ? '/orders?product=lantern' : '/', flags.url);
  const request = http.request(url, { agent, method: order ? 'POST' : 'GET', timeout: ANSWER_TIMEOUT_MS });
  request.on('timeout', () => request.destroy(new Error(`no answer in ${ANSWER_TIMEOUT_MS} ms`)));
  request.on('error', (error) => failed(`${request.method} ${url.pathname}: ${error.message}`));
  request.on('response', (response) => {
    let body = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      body += chunk;
    });
    response.on('error', (error) => failed(`${request.method} ${url.pathname}: ${error.message}`));
    response.on('end', () => {
      if (response.statusCode !== 200)
        failed(`${request.method} ${url.pathname}: ${response.statusCode} ${body.trim()}`);
      else succeeded(performance.now() - sentMs, body);
    });
  });
  request.end();
}

function succeeded(latencyMs: number, body: string): void {
  total.ok++;
  window.ok++;
  window.latenciesMs.push(latencyMs);
  const { catalog } = JSON.parse(body) as { catalog?: { version: string } };
  if (catalog !== undefined) window.versions.set(catalog.version, (window.versions.get(catalog.version) ?? 0) + 1);
  endWhenDone();
}

function failed(reason: string): void {
  total.failed++;
  window.failed++;
  if (total.failed <= FAILURES_TOLD) console.log(`failed: ${reason}`);
  endWhenDone();
}

function report(): void {
  const sorted = window.latenciesMs.toSorted((a, b) => a - b);
  const p99 = sorted[Math.ceil(sorted.length * 0.99) - 1]?.toFixed(1) ?? '-';
  const versions = [...window.versions].sort().map(([version, count]) => `${version} ${count}`);
  console.log(`ok ${window.ok}, failed ${window.failed}, p99 ${p99} ms, catalog ${versions.join(' / ') || '-'}`);
  window = freshWindow();
}

const ticker = setInterval(() => {
  const elapsedSeconds = (performance.now() - startedMs) / 1000;
  if (Number(flags.seconds) > 0 && elapsedSeconds >= Number(flags.seconds)) return end();
  while (total.sent < elapsedSeconds * rate) sendOne();
}, TICK_MS);
const reporter = setInterval(report, 1000);

function end(): void {
  ending = true;
  clearInterval(ticker);
  endWhenDone();
}

function endWhenDone(): void {
  if (!ending || total.ok + total.failed < total.sent) return;
  clearInterval(reporter);
  console.log(`sent ${total.sent}, ok ${total.ok}, failed ${total.failed}`);
  process.exit(flags.strict && total.failed > 0 ? 1 : 0);
}

process.once('SIGINT', end);
process.once('SIGTERM', end);
// Started with a channel to its parent (as "outrider up --demo" does), it ends when the parent does.
process.once('disconnect', end);
