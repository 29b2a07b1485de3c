/**
 * Runs the RouteTests of a state: what each request would come to, against what was expected.
 */
import type { State } from '../state/model.ts';
import type { ResourceProblem } from '../state/problem.ts';
import { routesOf } from '../state/queries.ts';
import type { Expectation, RouteTestCase, TestRequest } from '../state/route-test.ts';
import { type Outcome, routed } from './matcher.ts';

/** Shares are told apart from here on, in percent. */
const PERCENT_TOLERANCE = 0.05;

/** Every test that fails, with what would happen instead. */
export function failingTests(state: State): ResourceProblem[] {
  return [...state.routeTests.values()].flatMap(({ kind, name, origin, tests }) =>
    tests.flatMap((test, i) => {
      const outcome = routed(test.request, routesOf(test.request.service, state));
      const differences = differencesOf(test.expect, outcome);
      if (differences.length === 0) return [];
      const message = `${titleOf(test, i, origin)}: ${requestText(test.request)} ${outcomeText(outcome)}; expected ${differences.join(', ')}`;
      return [{ resource: { kind, name }, path: `spec.tests[${i}]`, message }];
    }),
  );
}

function differencesOf(expect: Expectation, outcome: Outcome): string[] {
  const { weights, redirect, status, pathRewrite, headers } = expect;
  const shares = sharesOf(outcome);
  const names = new Set([...shares.keys(), ...Object.keys(weights ?? {})]);
  const isOff = (name: string) => Math.abs((shares.get(name) ?? 0) - (weights?.[name] ?? 0)) > PERCENT_TOLERANCE;
  return [
    ...(weights !== null && [...names].some(isOff) ? [weightsText(Object.entries(weights))] : []),
    ...(redirect !== null && !isAt(redirect, outcome.redirect) ? [`a redirect to ${redirect}`] : []),
    ...(status !== null && outcome.status !== status ? [`status ${status}`] : []),
    ...(pathRewrite !== null && (outcome.backends.length === 0 || outcome.path !== pathRewrite)
      ? [`the path ${pathRewrite}`]
      : []),
    ...Object.entries(headers).flatMap(([name, value]) => headerDifference(name, value, outcome)),
  ];
}

function headerDifference(name: string, value: string | null, { headers }: Outcome): string[] {
  const found = Object.hasOwn(headers, name) ? headers[name]! : null;
  if (found === value) return [];
  const instead = found === null ? 'not there' : `"${found}"`;
  return [`header ${name} ${value === null ? 'not to be there' : `"${value}"`} (it is ${instead})`];
}

/** A redirect that was written without scheme and host is compared without them. */
function isAt(expected: string, location: string | null): boolean {
  if (location === null) return false;
  return location === expected || (expected.startsWith('/') && location.replace(/^[^/]+\/\/[^/]+/, '') === expected);
}

/** In percent. */
function sharesOf({ backends }: Outcome): ReadonlyMap<string, number> {
  const total = backends.reduce((sum, { weight }) => sum + weight, 0);
  const shares = new Map<string, number>();
  for (const { service, weight } of backends) shares.set(service, (shares.get(service) ?? 0) + (weight / total) * 100);
  return shares;
}

function titleOf({ name, line }: RouteTestCase, index: number, origin: string): string {
  const file = origin.slice(origin.lastIndexOf('/') + 1);
  const place = file === '' ? '' : ` (${file}:${line})`;
  return `${name === '' ? `test ${index}` : `"${name}"`}${place}`;
}

function requestText({ method, service, path, query }: TestRequest): string {
  return `${method} ${service}${path}${query === '' ? '' : `?${query}`}`;
}

function outcomeText(outcome: Outcome): string {
  const by = outcome.rule === null ? '' : ` by ${outcome.rule}`;
  if (outcome.redirect !== null) return `would be redirected to ${outcome.redirect} with ${outcome.status}${by}`;
  if (outcome.backends.length === 0) return `would be answered with ${outcome.status}${by || ', as no rule takes it'}`;
  return `would go to ${weightsText([...sharesOf(outcome)])} as ${outcome.path}${by}`;
}

function weightsText(weights: readonly (readonly [string, number])[]): string {
  if (weights.length === 1) return weights[0]![0];
  return weights.map(([name, share]) => `${name} (${Math.round(share * 10) / 10} %)`).join(' and ');
}
