/**
 * RouteTest: where requests are to go, said beside the routes and checked before every change.
 */
import type { Resource } from './resource.ts';

/** Some requests, and what is to become of each. */
export interface RouteTest extends Resource {
  readonly kind: 'routetest';
  /** At least one. */
  readonly tests: readonly RouteTestCase[];
}

/** One request and its expected outcome. */
export interface RouteTestCase {
  /** Empty when it has none. */
  readonly name: string;
  /** Where it stands in its file, from 1. */
  readonly line: number;
  readonly request: TestRequest;
  readonly expect: Expectation;
}

/** A request as a caller's sidecar sees it. */
export interface TestRequest {
  readonly service: string;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Raw, without `?`; empty when there is none. */
  readonly query: string;
}

/** What is null is not looked at. */
export interface Expectation {
  /** The share of each service in percent; those left out get nothing. */
  readonly weights: Readonly<Record<string, number>> | null;
  /** The `location` of the answer. */
  readonly redirect: string | null;
  /** Of a redirect, or of an answer that the sidecar gives itself. */
  readonly status: number | null;
  /** The path that the backend gets, without the query. */
  readonly pathRewrite: string | null;
  /** Headers that the backend gets; null: not at all. */
  readonly headers: Readonly<Record<string, string | null>>;
}
