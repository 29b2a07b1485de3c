/**
 * values.ts in CEL: the same texts of the same pod. PURE.
 *
 * Objects come with the API server's defaults. `x.?y` and `x[?y]` are optional values.
 */
import { NO_APPLICATION_PORT, SIDECAR_PORTS } from '../../../protos/contract/sidecar-place.ts';
import { ANNOTATIONS, type AnnotationName, OWN_CONTAINERS, PREFIX, PROBE_PAGE } from '../names.ts';
import { PROBE_KINDS, PROBES } from '../pod.ts';
import { type PodValues, STOP_DELAY } from '../values.ts';
import { celText, celTexts, expression } from './cel.ts';

/** One variable of a policy; later ones see earlier ones as `variables.NAME`. */
export interface PolicyVariable {
  readonly name: string;
  readonly expression: string;
}

const LISTS = { containers: 'object.spec.containers', initContainers: 'variables.inits' } as const;

/** Variables that refusals need too. */
export const POD_VARIABLES: readonly PolicyVariable[] = [
  { name: 'annotations', expression: 'object.metadata.?annotations.orValue({})' },
  { name: 'labels', expression: 'object.metadata.?labels.orValue({})' },
  { name: 'inits', expression: 'object.spec.?initContainers.orValue([])' },
  {
    name: 'workload',
    expression: `${annotated('workload')}.or(variables.labels[?'app.kubernetes.io/name']).or(variables.labels[?'app']).orValue('')`,
  },
];

/** All variables of the injection. */
export const INJECTION_VARIABLES: readonly PolicyVariable[] = [
  ...POD_VARIABLES,
  { name: 'port', expression: portExpression() },
  { name: 'health', expression: `(${healthExpression()}).replace('$', '$$')` },
  { name: 'probes', expression: probesExpression() },
  { name: 'delay', expression: delayExpression() },
  { name: 'injected', expression: `variables.inits.filter(c, c.name in ${celTexts(OWN_CONTAINERS)}).size() == 2` },
];

/** What stands in the template's places. */
export const CEL_VALUES: PodValues = {
  workload: expression('variables.workload'),
  version: expression("variables.labels[?'app.kubernetes.io/version'].or(variables.labels[?'version']).orValue('v1')"),
  port: expression('string(variables.port)'),
  protocol: expression(`${annotated('protocol')}.orValue('auto')`),
  egress: expression(`${annotated('egress')}.orValue('allow')`),
  health: expression('variables.health'),
  probes: expression('variables.probes'),
  excludeInboundPorts: expression(
    `'${SIDECAR_PORTS.admin},${SIDECAR_PORTS.health}' + ${annotated('exclude-inbound-ports')}.optMap(x, ',' + x).orValue('')`,
  ),
  excludeOutboundPorts: expression(`${annotated('exclude-outbound-ports')}.orValue('')`),
  excludeOutboundAddresses: expression(`${annotated('exclude-outbound-addresses')}.orValue('')`),
};

/** Whether the probe of the container is rewritten. */
export function isRewritten(container: string, probe: string): string {
  const here = (handler: string) => `(has(${probe}.${handler}) && !has(${probe}.${handler}.host))`;
  const any = `${here('httpGet')} || ${here('tcpSocket')} || has(${probe}.grpc)`;
  const ours = `${container}.name in ${celTexts(OWN_CONTAINERS)}`;
  const page = `${probe}.httpGet.?path.orValue('').startsWith('${PROBE_PAGE}')`;
  const done = `(has(${probe}.httpGet) && ${probe}.httpGet.port == ${SIDECAR_PORTS.health} && ${page})`;
  return `has(${probe}) && !(${ours}) && (${any}) && !${done} && ${probedPort(container, probe)} != 0`;
}

/** The optional text of an annotation. */
function annotated(name: AnnotationName): string {
  return `variables.annotations[?'${PREFIX}${name}']`;
}

/** One that is wrong is refused afterwards, with a sentence: here it must not be an error. */
function annotatedNumber(name: AnnotationName, otherwise: string, more = ''): string {
  const { pattern } = ANNOTATIONS[name];
  const text = `${annotated(name)}.orValue('')`;
  return `${text}.matches(${celText(pattern)}) ? (${more}int(${text})) : ${otherwise}`;
}

function portExpression(): string {
  const declared = `object.spec.containers.map(c, c.?ports.orValue([])
    .filter(p, p.?protocol.orValue('TCP') == 'TCP').map(p, p.containerPort)).flatten()`;
  const none = `${annotated('port')}.orValue('') == 'none' ? ${NO_APPLICATION_PORT} : `;
  return annotatedNumber('port', `(${declared} + [${NO_APPLICATION_PORT}])[0]`, none);
}

function delayExpression(): string {
  const seconds = `(${annotatedNumber('stop-delay', String(STOP_DELAY))})`;
  const none = `variables.port == ${NO_APPLICATION_PORT} || ${seconds} >= object.spec.?terminationGracePeriodSeconds.orValue(30)`;
  return `${none} ? 0 : ${seconds}`;
}

function healthExpression(): string {
  const never = celText(`port: ${NO_APPLICATION_PORT}, interval_ms: 60000, start_interval_ms: 60000, tcp: {}`);
  const port = "'port: ' + string(variables.port)";
  const path = `${annotated('health-path')}.orValue('')`;
  const probe = 'c.readinessProbe';
  const ready = `object.spec.containers
    .filter(c, ${isRewritten('c', probe)} && ${probedPort('c', probe)} == variables.port)
    .map(c, ${checkText('c', probe)})`;
  return `variables.port == ${NO_APPLICATION_PORT} ? ${never} :
    ${path} != '' ? ${port} + ', http: {path: ' + strings.quote(${path}) + '}' :
    (${ready} + [${port} + ', tcp: {}'])[0]`;
}

function probesExpression(): string {
  const lists = PROBE_KINDS.flatMap((kind) =>
    Object.values(LISTS).map((list) => {
      const probe = `c.${PROBES[kind]}`;
      const text = `strings.quote(c.name + '-${kind}') + ': {' + ${checkText('c', probe)} + '}'`;
      return `${list}.filter(c, ${isRewritten('c', probe)}).map(c, ${text})`;
    }),
  );
  return `(${lists.join(' +\n    ')}).join(', ').replace('$', '$$')`;
}

function checkText(container: string, probe: string): string {
  const get = `${probe}.httpGet`;
  const path = `${get}.?path.orValue('/')`;
  const absolute = `(${path}.startsWith('/') ? ${path} : '/' + ${path})`;
  const headers = `${get}.?httpHeaders.orValue([]).map(h, strings.quote(h.name) + ': ' + strings.quote(h.value)).join(', ')`;
  const http = `', http: {path: ' + strings.quote(${absolute}) + ', tls: ' + string(${get}.?scheme.orValue('HTTP') == 'HTTPS') + ', headers: {' + ${headers} + '}}'`;
  const grpc = `', grpc: {service: ' + strings.quote(${probe}.grpc.?service.orValue('')) + '}'`;
  return `('port: ' + string(${probedPort(container, probe)}) +
    ', timeout_ms: ' + string(${probe}.?timeoutSeconds.orValue(1) * 1000) +
    (has(${get}) ? ${http} : has(${probe}.grpc) ? ${grpc} : ', tcp: {}'))`;
}

function probedPort(container: string, probe: string): string {
  const named = (port: string) =>
    `(type(${port}) == int ? ${port} : (${container}.?ports.orValue([])
      .filter(p, p.?name.orValue('') == ${port}).map(p, p.containerPort) + [0])[0])`;
  return `(has(${probe}.httpGet) ? ${named(`${probe}.httpGet.port`)} :
    has(${probe}.tcpSocket) ? ${named(`${probe}.tcpSocket.port`)} : ${probe}.grpc.port)`;
}
