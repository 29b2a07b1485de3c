/** Hostile, odd and ordinary requests through the data plane: what it answers, and what the endpoint gets to see. */
import t, { type Test } from 'tap';
import { start } from '../component/data-plane/harness.ts';
import type { RawClient } from '../component/data-plane/raw-client.ts';
import type { RawUpstream } from '../component/data-plane/raw-upstream.ts';
import { type Case, type Expectation, type Kind, readCases, stepsOf } from './case.ts';
import { answer, STRICT } from './strict-setup.ts';

/** How long nothing may happen before a case counts as settled. */
const QUIET_MS = 12;
const PATIENCE_MS = 1_500;

/** What was seen when everything had settled. */
interface Seen {
  readonly client: RawClient;
  readonly upstream: RawUpstream;
}

async function send(client: RawClient, raw: string): Promise<void> {
  for (const step of stepsOf(raw)) {
    if (step.kind === 'bytes') client.send(step.text);
    else if (step.kind === 'fin') client.finish();
    else if (step.kind === 'pause') await new Promise((resolve) => setTimeout(resolve, step.ms));
    else client.socket.resetAndDestroy();
  }
}

/** Waits for an answer or the end, and then until nothing more happens. */
async function settle({ client, upstream }: Seen, expect: Expectation): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  const wanted = expect.statuses ?? 1;
  const reached = () => client.ended || (client.answers.length >= wanted && expect.close !== true);
  let before = '';
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, reached() ? QUIET_MS : 2));
    const now = `${client.text.length} ${upstream.text.length} ${client.ended}`;
    if ((reached() && now === before) || performance.now() > until) return;
    before = now;
  }
}

function holds(patterns: readonly string[] | undefined, text: string): string[] {
  return (patterns ?? []).filter((pattern) => new RegExp(pattern, 'im').test(text));
}

function lacks(patterns: readonly string[] | undefined, text: string): string[] {
  return (patterns ?? []).filter((pattern) => !new RegExp(pattern, 'im').test(text));
}

/** What must hold whatever became of the request. */
function brokenRules({ client, upstream }: Seen, expect: Expectation): string[] {
  const head = upstream.requests[0]?.head ?? '';
  const problems = holds(expect.mustNot, upstream.text).map((each) => `the endpoint saw ${each}`);
  problems.push(...holds(expect.mustNotHead, head).map((each) => `the endpoint's head had ${each}`));
  for (const { problem } of upstream.connections) if (problem !== null) problems.push(`the endpoint saw: ${problem}`);
  const { problem, messages } = client.responses;
  if (problem !== null) problems.push(`the client saw: ${problem}`);
  if (expect.closeAlways && !client.ended) problems.push('the connection stayed open');
  if (expect.no1xx && messages.some((each) => each.status < 200)) problems.push('an interim answer came');
  if (expect.notChunkedResponse && messages.some((each) => each.chunked)) problems.push('the answer was chunked');
  return problems;
}

/** Why what was seen is not of that kind. */
function misfits({ client, upstream }: Seen, expect: Expectation, kind: Kind): string[] {
  const problems: string[] = [];
  const { answers } = client;
  const primary = kind === expect.kind;
  const statuses = primary
    ? expect.status
    : (expect.altStatus ?? (kind === 'reject' ? [400, ...expect.status] : [200]));
  const first = answers[0];
  if (kind === 'wait') return first === undefined && !client.ended ? [] : ['it did not wait'];
  if (first !== undefined && !statuses.includes(first.status)) problems.push(`status ${first.status}`);
  if (expect.close && (primary || kind === 'reject') && !client.ended) problems.push('the connection stayed open');
  const count = upstream.requests.length;
  if (kind === 'reject') {
    if (first === undefined && !client.ended) problems.push('neither an answer nor the end');
    if (count > 0) problems.push(`the endpoint saw ${count} requests`);
    return problems;
  }
  const counts = primary ? [expect.upstream ?? 1] : (expect.upstreamAlt ?? [1]);
  if (first === undefined) problems.push('no answer');
  if (!counts.includes(count)) problems.push(`the endpoint saw ${count} requests`);
  if (expect.statuses !== undefined && answers.length !== expect.statuses) problems.push(`${answers.length} answers`);
  const request = upstream.requests[0];
  if (expect.body !== undefined && request?.body !== expect.body) problems.push(`the body was ${request?.body}`);
  problems.push(...lacks(expect.must, upstream.text).map((each) => `the endpoint did not see ${each}`));
  problems.push(...lacks(expect.mustHead, request?.head ?? '').map((each) => `the endpoint's head lacked ${each}`));
  return problems;
}

async function run(t: Test, each: Case): Promise<void> {
  const { harness, upstream } = await start(t, { onRequest: answer }, { manager: STRICT });
  const client = harness.client();
  const method = /^HEAD /.test(each.raw) ? 'HEAD' : 'GET';
  client.methods = [method];
  const seen = { client, upstream };
  await send(client, each.raw);
  await settle(seen, each.expect);
  t.same(brokenRules(seen, each.expect), [], 'what must hold whatever became of it');
  const verdicts = [each.expect.kind, ...(each.expect.alt ?? [])].map((kind) => ({
    kind,
    problems: misfits(seen, each.expect, kind),
  }));
  const fits = verdicts.some(({ problems }) => problems.length === 0);
  t.ok(fits, 'it became what it should', {
    verdicts,
    client: client.text.slice(0, 600),
    upstream: upstream.text.slice(0, 600),
  });
}

for (const each of [...readCases('http1-cases.json'), ...readCases('more-http1-cases.json')]) {
  t.test(`${each.id} ${each.title}`, (t) => run(t, each));
}
