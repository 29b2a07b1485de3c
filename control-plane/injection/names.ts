/**
 * Names that a cluster sees of the injector: labels, annotations, containers, volumes, ports. They are a contract with what
 * people write and with pods that run.
 */

/** On a namespace: `enabled` opts its pods in. On a pod: `disabled` opts it out. */
export const INJECT_LABEL = 'outrider.dev/inject';
/** On a pod that was injected. */
export const STATUS_ANNOTATION = 'outrider.dev/status';
/** Its value. */
export const INJECTED = 'injected';

/** Sets the rules of interception, and ends. */
export const INTERCEPT_CONTAINER = 'outrider-intercept';
/** The sidecar. */
export const PROXY_CONTAINER = 'outrider-proxy';
/** Both. */
export const OWN_CONTAINERS: readonly string[] = [INTERCEPT_CONTAINER, PROXY_CONTAINER];
/** The variable of the sidecar with the probes that it makes. */
export const PROBES_VARIABLE = 'OUTRIDER_PROBES';
/** Where the kubelet asks for one, on the port `health`; the name follows. */
export const PROBE_PAGE = '/probe?name=';

/** Last known good configuration and settings. */
export const STATE_VOLUME = 'outrider-state';
/** Who the sidecar is. */
export const TOKEN_VOLUME = 'outrider-token';
/** Where they are mounted in the sidecar. */
export const STATE_DIRECTORY = '/var/lib/outrider';
/** See STATE_DIRECTORY. */
export const TOKEN_DIRECTORY = '/var/run/secrets/outrider';

const PORT = '([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])';
const RANGE = '[0-9a-fA-F.:]+(/[0-9]{1,3})?';

/** What may stand in an annotation of a pod: a pattern that RE2 and JavaScript read alike, and in words. */
export interface AnnotationRule {
  readonly pattern: string;
  readonly words: string;
}

/** Every annotation that a pod may have, without its prefix. */
export const ANNOTATIONS = {
  workload: {
    pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$',
    words: 'a name of at most 63 lower case letters, digits and inner hyphens',
  },
  port: { pattern: `^(none|${PORT})$`, words: 'where the application listens, 1 to 65535, or none' },
  protocol: { pattern: '^(auto|http|http2|grpc|tcp)$', words: 'one of auto, http, http2, grpc, tcp' },
  egress: { pattern: '^(allow|deny)$', words: 'allow or deny' },
  'health-path': { pattern: '^/[!#-~]*$', words: 'a path that begins with /' },
  'stop-delay': { pattern: '^[0-9]{1,3}$', words: 'seconds from 0 to 999' },
  'exclude-inbound-ports': { pattern: `^${PORT}(,${PORT})*$`, words: 'ports, such as 9090,9091' },
  'exclude-outbound-ports': { pattern: `^${PORT}(,${PORT})*$`, words: 'ports, such as 5432,6379' },
  'exclude-outbound-addresses': { pattern: `^${RANGE}(,${RANGE})*$`, words: 'ranges, such as 10.0.0.0/8,fd00::/8' },
} as const satisfies Readonly<Record<string, AnnotationRule>>;

/** One of them. */
export type AnnotationName = keyof typeof ANNOTATIONS;

/** The prefix of all of ours. */
export const PREFIX = 'outrider.dev/';
