/**
 * RouteTest (outrider.dev/v1): requests, and where they are to go.
 */
import type { Expectation, RouteTest, RouteTestCase, TestRequest } from '../state/route-test.ts';
import type { ParsedResource } from './compose.ts';
import type { Cursor } from './cursor.ts';
import { missing, parseDocumentParts } from './document.ts';
import { items, whole } from './fields.ts';
import { METHODS } from './http-route.ts';

const TESTS_MAX = 500;

/** Parses one document. Mistakes are reported at the cursor; what has some is not to be used. */
export function parseRouteTest(root: Cursor): ParsedResource {
  const { name, spec, at, manifest } = parseDocumentParts(root, 'test', { tests: true });
  const list = items(spec, 'tests', TESTS_MAX);
  if (spec !== undefined && list.length === 0) at.report('has no tests: at least one is needed');
  const test: Omit<RouteTest, 'origin' | 'revision' | 'createdAtMs'> = {
    kind: 'routetest',
    name,
    tests: list.map(parseCase),
    manifest,
  };
  return { draft: test, cursor: root };
}

function parseCase(cursor: Cursor): RouteTestCase {
  const fields = cursor.object({ name: true, request: true, expect: true });
  const [request, expect] = [fields.get('request'), fields.get('expect')];
  if (cursor.isMap && request === undefined) missing(cursor, 'request');
  if (cursor.isMap && expect === undefined) missing(cursor, 'expect');
  return {
    name: fields.get('name')?.string() ?? '',
    line: cursor.line,
    request: request === undefined ? NO_REQUEST : parseRequest(request),
    expect: expect === undefined ? NOTHING : parseExpectation(expect),
  };
}

const NO_REQUEST: TestRequest = { service: '', method: 'GET', path: '/', headers: {}, query: '' };
const NOTHING: Expectation = { weights: null, redirect: null, status: null, pathRewrite: null, headers: {} };

function parseRequest(cursor: Cursor): TestRequest {
  const fields = cursor.object({ service: true, host: true, method: true, path: true, headers: true, query: true });
  const [service, host] = [fields.get('service'), fields.get('host')];
  if (cursor.isMap && (service === undefined) === (host === undefined))
    cursor.report('needs one of "service" and "host"');
  const target = fields.get('path')?.string() ?? '/';
  if (!target.startsWith('/')) fields.get('path')!.report(`"${target}" is not a path: it must begin with /`);
  const [path, written = ''] = target.split(/\?(.*)/s);
  const query = parseQuery(fields.get('query'));
  return {
    service: service?.string() ?? serviceOf(host?.string() ?? ''),
    method: fields.get('method')?.oneOf(METHODS) ?? 'GET',
    path: path!,
    headers: parseHeaders(fields.get('headers')),
    query: [written, query].filter((part) => part !== '').join('&'),
  };
}

/** A host as applications write it: with a port, or as SERVICE.mesh. */
function serviceOf(host: string): string {
  return host
    .toLowerCase()
    .replace(/:\d+$/, '')
    .replace(/\.mesh$/, '');
}

function parseHeaders(cursor: Cursor | undefined): Record<string, string> {
  const entries = [...(cursor?.entries() ?? [])];
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), value.text() ?? '']));
}

/** By name, as they stand in the URL. */
function parseQuery(cursor: Cursor | undefined): string {
  const entries = [...(cursor?.entries() ?? [])];
  return entries.map(([name, value]) => `${name}=${value.text() ?? ''}`).join('&');
}

function parseExpectation(cursor: Cursor): Expectation {
  const fields = cursor.object({
    backend: true,
    weights: true,
    redirect: true,
    status: true,
    pathRewrite: true,
    headers: true,
  });
  if (cursor.isMap && fields.size === 0) cursor.report('expects nothing: a test that cannot fail');
  const [backend, weights] = [fields.get('backend'), fields.get('weights')];
  if (backend !== undefined && weights !== undefined) weights.report('stands beside "backend": one of the two must go');
  const only = backend?.string();
  return {
    weights: only === undefined ? parseWeights(weights) : { [only]: 100 },
    redirect: fields.get('redirect')?.string() ?? null,
    status: whole(fields, 'status', 100, 599),
    pathRewrite: fields.get('pathRewrite')?.string() ?? null,
    headers: parseExpectedHeaders(fields.get('headers')),
  };
}

/** In percent, whatever their sum was. */
function parseWeights(cursor: Cursor | undefined): Record<string, number> | null {
  if (cursor === undefined) return null;
  const entries = [...(cursor.entries() ?? [])].map(
    ([name, value]) => [name, value.number({ min: 0, max: 1_000_000 }) ?? 0] as const,
  );
  const sum = entries.reduce((total, [, weight]) => total + weight, 0);
  if (cursor.isMap && sum === 0) cursor.report('names no weight above 0');
  return Object.fromEntries(entries.map(([name, weight]) => [name, (weight / (sum || 1)) * 100]));
}

function parseExpectedHeaders(cursor: Cursor | undefined): Record<string, string | null> {
  const entries = [...(cursor?.entries() ?? [])];
  return Object.fromEntries(
    entries.map(([name, value]) => [name.toLowerCase(), value.isNull ? null : (value.text() ?? null)]),
  );
}
