/**
 * From the desired state to what the orchestrator is to run.
 */
import { hash } from 'node:crypto';
import type { State, Workload } from '../state/model.ts';
import { desiredReplicas, sortedByName } from '../state/queries.ts';
import type { DesiredWorkload } from './plan.ts';

/** Every workload, sorted by name. `controlPlane` is where sidecars connect: they keep the address for life. */
export function desiredWorkloads(state: State, controlPlane: string): DesiredWorkload[] {
  return sortedByName(state.workloads).map((workload) => ({
    name: workload.name,
    replicas: desiredReplicas(state, workload),
    specHash: specHash(workload, controlPlane, state.runs.get(workload.name)?.generation ?? 0),
    sidecars: state.runs.get(workload.name)?.sidecars ?? 0,
    update: workload.update,
    dependsOn: workload.dependsOn,
  }));
}

/**
 * Of what cannot change while a replica runs, and of the restarts that were asked for. The number of replicas,
 * configuration and published ports can change.
 */
export function specHash(workload: Workload, controlPlane: string, generation: number): string {
  const { command, environment, workingDir, protocol, health, services, version, limits } = workload;
  const sorted = Object.entries(environment).sort(([a], [b]) => (a < b ? -1 : 1));
  const spec = [command, sorted, workingDir, protocol, health, services, version, limits, controlPlane];
  const text = JSON.stringify(generation === 0 ? spec : [...spec, generation]);
  return hash('sha256', text, 'hex').slice(0, 16);
}
