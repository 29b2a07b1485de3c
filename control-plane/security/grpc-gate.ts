/**
 * The door of the gRPC port: every stream is somebody's, and says of itself only what its credential covers.
 *
 *   metadata ─► who? ─► may it call this service? ─► each message that names a node ─► is it its own? ─► the server
 *
 * It stands in front of the servers as an interceptor: what is refused never reaches them.
 */
import { X509Certificate } from 'node:crypto';
import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  status,
} from '@grpc/grpc-js';
import type { Logger } from '../../kernel/log.ts';
import { type Claim, claimOfNode, claimProblem } from './claims.ts';
import { allows, type Principal, type WorkloadBinding } from './roles.ts';
import type { Security } from './security.ts';
import { bearerToken } from './tokens.ts';

/** What it needs. */
export interface GrpcGateDeps {
  readonly security: Security;
  readonly logger: Logger;
  /** The services of a workload in the desired state; its own name when there is no such workload. */
  readonly servicesOf: (workload: string) => readonly string[];
}

/** Services that workloads speak to. */
const FOR_WORKLOADS =
  /^\/(envoy\.service\.(discovery|cluster|endpoint|listener|route|secret|load_stats)\.v3|outrider\.agent\.v1)\./;
/** Services that only show. */
const FOR_READERS = /^\/envoy\.service\.status\.v3\./;

/** As far as it is looked at: a DiscoveryRequest of either protocol, a load report, an AgentMessage. */
interface ClaimingMessage {
  readonly node?:
    | {
        readonly id: string;
        readonly userAgentName: string;
        readonly metadata?: Readonly<Record<string, unknown>> | undefined;
      }
    | undefined;
  readonly message?: { readonly $case: string; readonly value: unknown } | undefined;
}

interface RegisterMessage {
  readonly nodeId: string;
  readonly identity?: { readonly workload: string; readonly services: readonly string[] } | undefined;
}

/** See the head of this file. */
export function grpcGate(deps: GrpcGateDeps): ServerInterceptor {
  return ({ path }, call) => {
    const visitor = new Visitor(path, call, deps);
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, pass) => {
            if (visitor.enter(metadata)) pass(metadata);
          },
          onReceiveMessage: (message: ClaimingMessage, pass) => {
            if (visitor.says(message)) pass(message);
          },
        }),
    });
  };
}

/** One stream. */
class Visitor {
  readonly #path: string;
  readonly #call: ServerInterceptingCallInterface;
  readonly #deps: GrpcGateDeps;
  #principal: Principal | undefined;

  constructor(path: string, call: ServerInterceptingCallInterface, deps: GrpcGateDeps) {
    this.#path = path;
    this.#call = call;
    this.#deps = deps;
  }

  /** False: it has been turned away. */
  enter(metadata: Metadata): boolean {
    const { security } = this.#deps;
    const raw = this.#call.getAuthContext().sslPeerCertificate?.raw;
    const result = security.authenticate({
      token: bearerToken(metadata.get('authorization')[0]?.toString()),
      certificate: raw === undefined ? null : new X509Certificate(raw),
    });
    if (!result.ok) {
      this.#refuse(status.UNAUTHENTICATED, result.error);
      return false;
    }
    this.#principal = result.value;
    const problem = this.#serviceProblem(result.value);
    if (problem === undefined) return true;
    this.#refuse(status.PERMISSION_DENIED, problem);
    return false;
  }

  /** False: it claims to be somebody else, and has been turned away. */
  says(message: ClaimingMessage): boolean {
    const binding = this.#principal?.binding;
    if (binding === null || binding === undefined) return true;
    const problem = this.#claimProblem(message, binding);
    if (problem === undefined) return true;
    this.#refuse(status.PERMISSION_DENIED, problem);
    return false;
  }

  #serviceProblem({ name, grant }: Principal): string | undefined {
    if (allows(grant, 'administer')) return undefined;
    if (grant === 'workload')
      return FOR_WORKLOADS.test(this.#path) ? undefined : `"${name}" is a workload, which may not call ${this.#path}`;
    if (FOR_READERS.test(this.#path)) return undefined;
    return `"${name}" may ${grant}: ${this.#path} is for workloads and administrators`;
  }

  #claimProblem({ node, message }: ClaimingMessage, binding: WorkloadBinding): string | undefined {
    const claims: Claim[] = [];
    if (node !== undefined)
      claims.push(claimOfNode({ id: node.id, userAgent: node.userAgentName, metadata: node.metadata }));
    if (message?.$case === 'register') {
      const { nodeId, identity } = message.value as RegisterMessage;
      claims.push({ nodeId, workload: identity?.workload ?? '', services: identity?.services ?? [] });
    }
    for (const claim of claims) {
      const problem = claimProblem(claim, binding, this.#deps.servicesOf);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  #refuse(code: status, reason: string): void {
    const { security, logger } = this.#deps;
    const from = this.#call.getPeer().replace(/:\d+$/, '');
    const known = this.#principal;
    if (known !== undefined) security.counts.forbidden++;
    // Those who are known are limited too: a sidecar that claims to be another may do so all day.
    if (security.failures.admit(known === undefined ? from : `${from} ${known.name}`)) {
      const who = known === undefined ? {} : { who: known.name, grant: known.grant, credential: known.credential };
      security.audit.record({ result: 'refused', action: this.#path, status: code, from, ...who, reason });
      logger.warn({ from, path: this.#path, ...who, reason }, 'gRPC stream refused');
    }
    this.#call.sendStatus({ code, details: reason });
  }
}
