/**
 * The injection without a webhook: a MutatingAdmissionPolicy that patches pods as inject.ts does, and a
 * ValidatingAdmissionPolicy that refuses those that decide.ts refuses (admissionregistration.k8s.io/v1). The API server
 * evaluates both itself. PURE.
 */
import type { JsonObject } from '../../translate/resource.ts';
import { probeHandler } from '../inject.ts';
import { INJECT_LABEL, INJECTED, PROBES_VARIABLE, PROXY_CONTAINER, STATUS_ANNOTATION } from '../names.ts';
import { PROBE_KINDS, PROBES, type ProbeKind } from '../pod.ts';
import type { InjectionSettings } from '../settings.ts';
import { template } from '../template.ts';
import { celOf, celText, expression } from './cel.ts';
import { CEL_VALUES, INJECTION_VARIABLES, isRewritten } from './expressions.ts';
import { CONCERNED, REFUSAL_VARIABLES, REFUSALS, WHOLE } from './refusals.ts';

const API = 'admissionregistration.k8s.io/v1';
/** Of both policies and their bindings. */
const INJECTOR = 'outrider-injector';
const GUARD = 'outrider-pods';

/** Of pods that are created: those whose namespace has opted in, and that have not opted out. */
export const POD_SELECTION = {
  namespaceSelector: { matchLabels: { [INJECT_LABEL]: 'enabled' } },
  objectSelector: { matchExpressions: [{ key: INJECT_LABEL, operator: 'NotIn', values: ['disabled'] }] },
} as const;
/** See POD_SELECTION. */
export const POD_CREATION = {
  apiGroups: [''],
  apiVersions: ['v1'],
  operations: ['CREATE'],
  resources: ['pods'],
  scope: 'Namespaced',
} as const;

/** The four objects. `labels` are those of everything that is installed. */
export function injectionPolicies(settings: InjectionSettings, labels: JsonObject): JsonObject[] {
  const matchConstraints = { ...POD_SELECTION, matchPolicy: 'Equivalent', resourceRules: [POD_CREATION] };
  const metadata = (name: string) => ({ name, labels });
  return [
    {
      apiVersion: API,
      kind: 'MutatingAdmissionPolicy',
      metadata: metadata(INJECTOR),
      spec: {
        failurePolicy: 'Fail',
        reinvocationPolicy: 'IfNeeded',
        matchConstraints,
        matchConditions: [...CONCERNED, WHOLE].map((each) => ({ ...each })),
        variables: INJECTION_VARIABLES.map((each) => ({ ...each })),
        mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: patchExpression(settings) } }],
      },
    },
    {
      apiVersion: API,
      kind: 'MutatingAdmissionPolicyBinding',
      metadata: metadata(INJECTOR),
      spec: { policyName: INJECTOR },
    },
    {
      apiVersion: API,
      kind: 'ValidatingAdmissionPolicy',
      metadata: metadata(GUARD),
      spec: {
        failurePolicy: 'Fail',
        matchConstraints,
        matchConditions: CONCERNED.map((each) => ({ ...each })),
        variables: REFUSAL_VARIABLES.map((each) => ({ ...each })),
        validations: REFUSALS.map((each) => ({ ...each })),
      },
    },
    {
      apiVersion: API,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: metadata(GUARD),
      spec: { policyName: GUARD, validationActions: ['Deny'] },
    },
  ];
}

/** The operations of inject.ts, in their order. */
function patchExpression(settings: InjectionSettings): string {
  const { initContainers, volumes } = template(settings, CEL_VALUES);
  const probes = PROBE_KINDS.flatMap((kind) => [
    probeOperations(kind, 'containers', 'object.spec.containers'),
    probeOperations(kind, 'initContainers', 'variables.inits'),
  ]);
  const first = [prepended('initContainers', initContainers), prepended('volumes', volumes), annotation()];
  return [...probes, delayOperations(), `(variables.injected ? ${laterProbes()} : ${first.join(' +\n')})`].join(' +\n');
}

function probeOperations(kind: ProbeKind, list: string, value: string): string {
  const probe = `${value}[i].${PROBES[kind]}`;
  const place = `'/spec/${list}/' + string(i) + '/${PROBES[kind]}/'`;
  const handler = `(has(${probe}.httpGet) ? 'httpGet' : has(${probe}.tcpSocket) ? 'tcpSocket' : 'grpc')`;
  const { path, ...rest } = probeHandler('');
  const asked = celOf({ path: expression(`${celText(String(path))} + ${value}[i].name + '-${kind}'`), ...rest });
  return `lists.range(${value}.size()).filter(i, ${isRewritten(`${value}[i]`, probe)}).map(i, [
  JSONPatch{op: 'remove', path: ${place} + ${handler}},
  JSONPatch{op: 'add', path: ${place} + 'httpGet', value: ${asked}}
]).flatten()`;
}

/** What containers that came later add to the sidecar's variable. */
function laterProbes(): string {
  const env = 'variables.inits[k].env';
  const value = `${env}[j].?value.orValue('')`;
  const path = "'/spec/initContainers/' + string(k) + '/env/' + string(j) + '/value'";
  return `(lists.range(variables.inits.size())
  .filter(k, variables.probes != '' && variables.inits[k].name == '${PROXY_CONTAINER}')
  .map(k, lists.range(${env}.size()).filter(j, ${env}[j].name == '${PROBES_VARIABLE}').map(j,
  JSONPatch{op: 'add', path: ${path}, value: ${value} + (${value} == '' ? '' : ', ') + variables.probes})).flatten())`;
}

function delayOperations(): string {
  const lifecycle = 'object.spec.containers[i].lifecycle';
  const place = "'/spec/containers/' + string(i) + '/lifecycle'";
  const preStop = { sleep: { seconds: expression('variables.delay') } };
  return `lists.range(object.spec.containers.size())
  .filter(i, variables.delay > 0 && (!has(${lifecycle}) || !has(${lifecycle}.preStop))).map(i, has(${lifecycle}) ?
  JSONPatch{op: 'add', path: ${place} + '/preStop', value: ${celOf(preStop)}} :
  JSONPatch{op: 'add', path: ${place}, value: ${celOf({ preStop })}})`;
}

function prepended(list: string, values: readonly JsonObject[]): string {
  const add = (path: string, value: string) => `JSONPatch{op: 'add', path: '${path}', value: ${value}}`;
  const each = values.map((value, index) => add(`/spec/${list}/${index}`, celOf(value)));
  return `(has(object.spec.${list}) ? [${each.join(', ')}] : [${add(`/spec/${list}`, celOf(values))}])`;
}

function annotation(): string {
  const key = STATUS_ANNOTATION.replaceAll('~', '~0').replaceAll('/', '~1');
  const map = celOf({ [STATUS_ANNOTATION]: INJECTED });
  return `(has(object.metadata.annotations) ?
  [JSONPatch{op: 'add', path: '/metadata/annotations/${key}', value: '${INJECTED}'}] :
  [JSONPatch{op: 'add', path: '/metadata/annotations', value: ${map}}])`;
}
