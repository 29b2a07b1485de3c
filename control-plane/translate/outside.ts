/**
 * Instances without a sidecar (VMs, legacy programs), as far as the cluster of their service depends on them.
 *
 *   client ──► sidecar ── HTTP/1.1 ──► program         also to the sidecars of that service's other instances: a hop has one
 *                                                      protocol per cluster, and a sidecar takes either
 *
 * A program that speaks HTTP/2 with prior knowledge, or no HTTP, belongs to a service that says so; its hop stays as it is.
 */
import type { Instance, InstanceCheck } from '../registry/instance.ts';
import type { RegistryView } from '../registry/registry.ts';
import type { Dialect } from './dialect.ts';
import { duration, type JsonObject } from './resource.ts';

/** What is known of those of one service; there is at least one. */
export interface Outside {
  /** What callers' sidecars ask those that want to be asked. */
  readonly check: InstanceCheck | null;
}

/** By service; a service without any is left out. They count whether or not they take traffic, so that hops stay the same. */
export function outsideByService({ instances }: RegistryView): ReadonlyMap<string, Outside> {
  const found = new Map<string, Outside>();
  for (const { identity, renewal } of instances) {
    if (renewal === null) continue;
    for (const service of identity.services)
      if (found.get(service)?.check == null) found.set(service, { check: renewal.check });
  }
  return found;
}

/**
 * `health_checks` of the cluster: three failures take an endpoint out, two successes bring it back. An Envoy would go on with
 * an endpoint that is let go of, as long as its checks are fine.
 */
export function healthChecks({ check }: Outside, dialect: Dialect): JsonObject {
  if (check === null) return {};
  const interval = duration(check.intervalMs);
  const times = { timeout: duration(check.timeoutMs), interval, no_traffic_interval: interval };
  return {
    health_checks: [{ ...times, unhealthy_threshold: 3, healthy_threshold: 2, ...asked(check) }],
    ...(dialect === 'envoy' ? { ignore_health_on_host_removal: true } : {}),
  };
}

function asked({ kind, path }: InstanceCheck): JsonObject {
  switch (kind) {
    case 'http':
      return { http_health_check: { path } };
    case 'grpc':
      return { grpc_health_check: {} };
    case 'tcp':
      return { tcp_health_check: {} };
  }
}

/** Whoever has a sidecar is asked by it, and by nobody else. */
export function checkOf({ renewal }: Instance, outside: Outside | null): JsonObject {
  if (outside === null || outside.check === null || (renewal !== null && renewal.check !== null)) return {};
  return { health_check_config: { disable_active_health_check: true } };
}
