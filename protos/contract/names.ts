/** Names that travel: workloads, services, zones and resources. */
import { RESOURCE_NAME_BYTES_MAX } from './limits.ts';

/** node.user_agent_name of our sidecars; Envoys and gRPC clients have theirs. */
export const SIDECAR_USER_AGENT = 'outrider';

/** Longest workload, service or namespace name: a DNS label. */
export const LABEL_CHARS_MAX = 63;

/**
 * Checks a workload, service or namespace name: a DNS label, lower case.
 *
 * @returns what is wrong, or undefined when it is fine.
 */
export function labelProblem(what: string, name: string): string | undefined {
  if (name === '') return `the ${what} is empty; give it a name such as "cart"`;
  if (name.length > LABEL_CHARS_MAX)
    return `${what} ${quoted(name)} has ${name.length} characters; at most ${LABEL_CHARS_MAX} fit a DNS label`;
  if (/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name)) return undefined;
  return `${what} ${quoted(name)} is no DNS label; use lower case letters, digits and inner hyphens`;
}

/** The xDS node id of the sidecar of a pod: what its token is good for, and no other's. */
export function podNodeId({ workload, pod, namespace }: Record<'workload' | 'pod' | 'namespace', string>): string {
  return `${workload}/${pod}.${namespace}`;
}

/** Checks the name of an xDS resource: not empty, not too long, no control characters. */
export function resourceNameProblem(name: string): string | undefined {
  if (name === '') return 'the resource has no name';
  const bytes = Buffer.byteLength(name);
  if (bytes > RESOURCE_NAME_BYTES_MAX)
    return `resource name ${quoted(name)} has ${bytes} bytes; at most ${RESOURCE_NAME_BYTES_MAX} are allowed`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(name)) return `resource name ${quoted(name)} holds a control character`;
  return undefined;
}

function quoted(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 77)}...` : name);
}
