/**
 * Policies and route tests as `outrider get` prints them.
 */
import { duration, table } from '../table.ts';

/** A TrafficPolicy as the control plane keeps it, as far as it is printed. */
export interface TrafficPolicyView {
  readonly name: string;
  readonly service: string;
  readonly manifest: { readonly spec: Readonly<Record<string, unknown>> };
}

/** A FaultPolicy, and how long it still lasts. */
export interface FaultPolicyView {
  readonly name: string;
  readonly service: string;
  readonly delay: { readonly durationMs: number; readonly percent: number } | null;
  readonly abort: {
    readonly answer: { readonly kind: 'http' | 'grpc'; readonly status: number };
    readonly percent: number;
  } | null;
  readonly leftMs: number;
}

/** A RouteTest. */
export interface RouteTestView {
  readonly name: string;
  readonly tests: readonly { readonly name: string; readonly request: { readonly service: string } }[];
}

/** Each policy with the parts of it that are written. */
export function trafficPoliciesTable(policies: readonly TrafficPolicyView[]): string {
  const rows = policies.map(({ name, service, manifest }) => {
    const parts = Object.keys(manifest.spec).filter((part) => part !== 'targetRef');
    return [name, service, parts.join(', ')];
  });
  return table([{ title: 'TRAFFICPOLICY' }, { title: 'FOR' }, { title: 'SAYS' }], rows);
}

/** Each fault with what it does, and the time that is left. */
export function faultPoliciesTable(faults: readonly FaultPolicyView[]): string {
  const rows = faults.map(({ name, service, delay, abort, leftMs }) => {
    const parts = [
      ...(delay === null ? [] : [`${duration(delay.durationMs)} for ${delay.percent} %`]),
      ...(abort === null ? [] : [`${abort.answer.kind} ${abort.answer.status} for ${abort.percent} %`]),
    ];
    return [name, service, parts.join(', '), leftMs === 0 ? 'expired' : duration(leftMs)];
  });
  return table([{ title: 'FAULTPOLICY' }, { title: 'FOR' }, { title: 'FAULTS' }, { title: 'LEFT' }], rows);
}

/** Each test with the services that it asks. */
export function routeTestsTable(tests: readonly RouteTestView[]): string {
  const rows = tests.map(({ name, tests: cases }) => {
    const services = new Set(cases.map(({ request }) => request.service));
    return [name, [...services].join(', '), String(cases.length)];
  });
  return table([{ title: 'ROUTETEST' }, { title: 'FOR' }, { title: 'TESTS', align: 'right' }], rows);
}
