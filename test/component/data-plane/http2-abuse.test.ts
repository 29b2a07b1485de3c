/**
 * Hostile HTTP/2 clients against a proxy in a process of its own: it lives on, its memory stays within bounds, somebody
 * else's requests succeed meanwhile, and the hostile connections come to the end that each probe names.
 *
 *   PROXY=envoy  judges Envoy instead, which passes; an attack costs it 7 MB for each connection at most
 *
 * Figures are printed beside: memory, the good client's p99, and the counters of HTTP/2 that have moved.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { FRAME } from '../../fakes/http2-frames.ts';
import { RawHttp2 } from '../../fakes/raw-http2.ts';
import { Neighbour, p99 } from '../../peers/http2/neighbour.ts';
import { chosenKind, missingProxy, RunningProxy } from '../../peers/http2/proxies.ts';
import { ABUSED_PROXY, assault } from './http2-assault.ts';
import { type End, HOSTILE, PROBES, type Probe } from './http2-probes.ts';

const kind = chosenKind();
const skip = missingProxy(kind);

const BYTES_EACH_MAX = 10_000_000;
const UNDISTURBED_MS = 300;
const SAMPLE_MS = 20;

/** Statuses of the answers to a client, by stream. Once for each client: its HPACK table goes with what is read. */
function readStatuses(client: RawHttp2): Map<number, string> {
  const statuses = new Map<number, string>();
  for (const { type, stream, payload } of client.frames) {
    if (type !== FRAME.headers) continue;
    const status = client.readFields(payload).find(([name]) => name === ':status')?.[1];
    if (status !== undefined) statuses.set(stream, status);
  }
  return statuses;
}

function endOf(client: RawHttp2): End {
  const statuses = readStatuses(client);
  const { ended } = client;
  const refused = ended || client.resets.size > 0 || [...statuses.values()].some((status) => status.startsWith('4'));
  return { ended, refused, statuses, summary: client.summary() };
}

/** The most resident memory of the proxy until the work is done. */
async function peakBytes(proxy: RunningProxy, work: Promise<unknown>): Promise<number> {
  let peak = proxy.residentBytes;
  const timer = setInterval(() => (peak = Math.max(peak, proxy.residentBytes)), SAMPLE_MS);
  await work.finally(() => clearInterval(timer));
  return Math.max(peak, proxy.residentBytes);
}

/** Counters of HTTP/2 that have moved, for whoever reads the figures. */
async function moved(proxy: RunningProxy, before: ReadonlyMap<string, number>): Promise<string> {
  const after = await proxy.statistics();
  const changes = [...after].filter(([name, value]) => /http2\./.test(name) && value > (before.get(name) ?? 0));
  return changes
    .map(([name, value]) => `${name.replace(/^.*http2\./, '')} ${value - (before.get(name) ?? 0)}`)
    .join(', ');
}

async function judge(t: Test, neighbour: Neighbour, probe: Probe): Promise<void> {
  const proxy = await RunningProxy.start(kind, { ...ABUSED_PROXY, upstreamPort: neighbour.serverPort });
  t.teardown(() => proxy.stop());
  neighbour.begin(proxy.port);
  await sleep(UNDISTURBED_MS);
  const undisturbed = await neighbour.end();
  const counters = await proxy.statistics();
  const residentBefore = proxy.residentBytes;

  neighbour.begin(proxy.port);
  const clients = Array.from({ length: HOSTILE }, () => RawHttp2.connect(proxy.port, probe.options));
  t.teardown(() => {
    for (const client of clients) client.destroy();
  });
  const residentPeak = await peakBytes(proxy, Promise.all(clients.map((client) => assault(client, probe))));
  const ends = clients.map(endOf);
  for (const client of clients) client.destroy();
  const disturbed = await neighbour.end();

  t.ok(proxy.running, `the proxy lives: ${proxy.lastWords}`);
  const each = (residentPeak - residentBefore) / HOSTILE;
  t.ok(each <= BYTES_EACH_MAX, `each hostile connection costs ${Math.round(each / 1_000)} KB`);
  t.same(disturbed.failures.slice(0, 5), [], `${disturbed.failures.length} requests of the good client fail`);
  t.ok(disturbed.latenciesMs.length > 0, 'the good client is served meanwhile');
  const open = ends.find((end) => !end.ended);
  const unrefused = ends.find((end) => !end.refused);
  if (probe.outcome === 'ended') t.equal(open, undefined, `all are ended: ${open?.summary}`);
  if (probe.outcome === 'refused') t.equal(unrefused, undefined, `all are refused: ${unrefused?.summary}`);
  probe.check?.(t, ends, disturbed);

  console.log(
    [
      `${kind}, ${probe.name}: ${ends[0]!.summary}`,
      `${Math.round(each / 1_000)} KB each`,
      `p99 ${p99(disturbed.latenciesMs).toFixed(1)} ms, undisturbed ${p99(undisturbed.latenciesMs).toFixed(1)} ms`,
      `${disturbed.served - disturbed.latenciesMs.length} hostile requests served`,
      await moved(proxy, counters).catch(() => 'no counters'),
    ].join('\n    '),
  );
}

t.test('hostile HTTP/2 clients', { skip, timeout: 110_000 }, async (t) => {
  const neighbour = await Neighbour.start();
  t.teardown(() => neighbour.stop());
  for (const probe of PROBES) await t.test(probe.name, (t) => judge(t, neighbour, probe));
});
