/**
 * A pod, as far as injection looks at it (Kubernetes API v1). Everything else of it stays as it is.
 */

/** `kind: Pod`. One that is about to be created may have no name yet, only `generateName`. */
export interface Pod {
  readonly metadata?: {
    readonly name?: string;
    readonly generateName?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: PodSpec;
}

/** Its `spec`. */
export interface PodSpec {
  readonly hostNetwork?: boolean;
  readonly os?: { readonly name: string };
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly terminationGracePeriodSeconds?: number;
  readonly securityContext?: { readonly runAsUser?: number };
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
  readonly volumes?: readonly unknown[];
}

/** One container. */
export interface Container {
  readonly name: string;
  readonly restartPolicy?: string;
  readonly ports?: readonly ContainerPort[];
  readonly securityContext?: { readonly runAsUser?: number };
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly startupProbe?: Probe;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly lifecycle?: { readonly preStop?: unknown };
}

/** A declared port; TCP where nothing is said. */
export interface ContainerPort {
  readonly name?: string;
  readonly containerPort: number;
  readonly protocol?: string;
}

/** What the kubelet asks: one of the three, or a program, which is none of our business. */
export interface Probe {
  readonly httpGet?: {
    readonly host?: string;
    readonly path?: string;
    /** A number, or the name of a declared port. */
    readonly port: number | string;
    readonly scheme?: string;
    readonly httpHeaders?: readonly { readonly name: string; readonly value: string }[];
  };
  readonly tcpSocket?: { readonly host?: string; readonly port: number | string };
  readonly grpc?: { readonly port: number; readonly service?: string | null };
  /** Default 1. */
  readonly timeoutSeconds?: number;
}

/** The kinds of probes, and their fields. */
export const PROBES = { liveness: 'livenessProbe', readiness: 'readinessProbe', startup: 'startupProbe' } as const;
/** One kind. */
export type ProbeKind = keyof typeof PROBES;
/** All of them, in the order in which everything of them is made. */
export const PROBE_KINDS = Object.keys(PROBES) as ProbeKind[];
