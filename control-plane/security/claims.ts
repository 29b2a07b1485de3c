/**
 * Whether a client of the gRPC port says that it is somebody whom its credential lets it be. PURE.
 */
import { meshNode, type NodeIdentity } from '../translate/node.ts';
import type { WorkloadBinding } from './roles.ts';

/** The workload and services that somebody speaks for. */
export interface Claim {
  readonly nodeId: string;
  /** Undefined: a client without a sidecar of ours, which speaks for no workload. */
  readonly workload: string | undefined;
  readonly services: readonly string[];
}

/** What an xDS node says of itself. */
export function claimOfNode(identity: NodeIdentity): Claim {
  const node = meshNode(identity);
  if (node.kind === 'proxyless') return { nodeId: node.id, workload: undefined, services: [] };
  // An Envoy speaks for a service, by whatever workload it is called; what it is told of it is in its front alone.
  if (node.kind === 'envoy')
    return { nodeId: node.id, workload: undefined, services: node.inbound === null ? [] : [node.inbound.service] };
  return { nodeId: node.id, workload: node.workload, services: node.services };
}

/**
 * Why the credential does not cover the claim, or undefined. `services` are those of the bound workload in the desired
 * state, for credentials that name none themselves.
 */
export function claimProblem(
  { nodeId, workload, services }: Claim,
  binding: WorkloadBinding,
  servicesOf: (workload: string) => readonly string[],
): string | undefined {
  const bound = `this credential is bound to workload "${binding.workload}"`;
  if (binding.nodeId !== null ? nodeId !== binding.nodeId : !nodeIdFits(nodeId, binding.workload))
    return `${bound}, and cannot be node "${nodeId}"${binding.nodeId === null ? '' : `: it is ${binding.nodeId}'s`}`;
  if (workload !== undefined && workload !== binding.workload)
    return `${bound}, and cannot speak for workload "${workload}"`;
  const own = binding.services ?? servicesOf(binding.workload);
  const foreign = services.find((each) => each !== binding.workload && !own.includes(each));
  return foreign === undefined ? undefined : `${bound}, and cannot answer for service "${foreign}"`;
}

/**
 * Whether a node's id is visibly one of a workload's: its name, alone or with a suffix. A workload's name may hold
 * hyphens, so that behind one no other may follow: `cart-v2-0` is not of `cart`.
 */
export function nodeIdFits(nodeId: string, workload: string): boolean {
  if (!nodeId.startsWith(workload)) return false;
  return /^(-[^-]+|[/.~:].+)?$/.test(nodeId.slice(workload.length));
}
