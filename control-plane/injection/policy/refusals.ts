/**
 * decide.ts in CEL: which pods stay as they are, and what stands against others, in the same sentences. Refusals are asked
 * about the pod as it is after the injection. PURE.
 */

import { SIDECAR_UID } from '../../../protos/contract/sidecar-place.ts';
import {
  KNOWN_ANNOTATIONS,
  NO_WORKLOAD,
  OPT_OUT,
  RESERVED,
  SIDECARS_PORTS,
  SIDECARS_USER,
  WORKLOAD_FORM,
} from '../decide.ts';
import { ANNOTATIONS, INJECT_LABEL, OWN_CONTAINERS, PREFIX, STATE_VOLUME, TOKEN_VOLUME } from '../names.ts';
import { celText, celTexts } from './cel.ts';
import { POD_VARIABLES, type PolicyVariable } from './expressions.ts';

/** A condition of a policy. */
export interface MatchCondition {
  readonly name: string;
  readonly expression: string;
}

/** A rule of a validating policy. */
export interface Validation {
  readonly expression: string;
  readonly messageExpression: string;
}

const OWN = celTexts(OWN_CONTAINERS);
const OWN_VOLUMES = celTexts([STATE_VOLUME, TOKEN_VOLUME]);
const INITS = 'object.spec.?initContainers.orValue([])';
const VOLUMES = 'object.spec.?volumes.orValue([])';

/** Pods that are none of our business do not meet these. */
export const CONCERNED: readonly MatchCondition[] = [
  {
    name: 'not-opted-out',
    expression: `object.metadata.?labels.orValue({})[?'${INJECT_LABEL}'].orValue('') != 'disabled'`,
  },
  { name: 'not-on-the-host-network', expression: '!object.spec.?hostNetwork.orValue(false)' },
  {
    name: 'not-windows',
    expression: `!(object.spec.?os.?name.orValue('') == 'windows' ||
  object.spec.?nodeSelector.orValue({})[?'kubernetes.io/os'].orValue('') == 'windows')`,
  },
];

/** Pods that have nothing of ours meet this, and those that have all of it. */
export const WHOLE: MatchCondition = {
  name: 'nothing-or-all-of-it',
  expression: `${INITS}.filter(c, c.name in ${OWN}).size() == 2 || !object.spec.containers.exists(c, c.name in ${OWN}) &&
  !${INITS}.exists(c, c.name in ${OWN}) &&
  !${VOLUMES}.exists(v, v.name in ${OWN_VOLUMES})`,
};

/** Variables of the refusals. */
export const REFUSAL_VARIABLES: readonly PolicyVariable[] = [
  ...POD_VARIABLES,
  {
    name: 'others',
    expression: `object.spec.containers + variables.inits.filter(c, !(c.name in ${OWN}))`,
  },
  {
    name: 'taken',
    expression: `variables.inits.filter(c, c.name in ${OWN}).size() == 2 ? [] :
  object.spec.containers.filter(c, c.name in ${OWN}).map(c, c.name) +
  variables.inits.filter(c, c.name in ${OWN}).map(c, c.name) +
  ${VOLUMES}.filter(v, v.name in ${OWN_VOLUMES}).map(v, v.name)`,
  },
  {
    name: 'users',
    expression: `variables.others.filter(c, c.?securityContext.?runAsUser.orValue(-1) == ${SIDECAR_UID}).map(c, c.name)`,
  },
  {
    name: 'ports',
    expression: `variables.others.map(c, c.?ports.orValue([]).filter(p, p.containerPort in [${RESERVED.join(', ')}])
  .map(p, 'container ' + c.name + ' has port ' + string(p.containerPort))).flatten()`,
  },
  {
    name: 'unknown',
    expression: `variables.annotations.map(k, k).filter(k, k.startsWith('${PREFIX}') && !(k in ${celTexts(KNOWN_ANNOTATIONS)}))`,
  },
];

/** In the order of decide.ts. */
export const REFUSALS: readonly Validation[] = [
  {
    expression: 'variables.taken.size() == 0',
    messageExpression: `'the pod has ' + variables.taken[0] + ${celText(` already, and was not injected: take it out, ${OPT_OUT}`)}`,
  },
  {
    expression: 'variables.users.size() == 0',
    messageExpression: `'container ' + variables.users[0] + ${celText(` runs as user ${SIDECAR_UID}, ${SIDECARS_USER}`)}`,
  },
  {
    expression: `object.spec.?securityContext.?runAsUser.orValue(-1) != ${SIDECAR_UID}`,
    messageExpression: celText(`the pod runs as user ${SIDECAR_UID}, ${SIDECARS_USER}`),
  },
  {
    expression: 'variables.ports.size() == 0',
    messageExpression: `variables.ports[0] + ${celText(`, ${SIDECARS_PORTS}`)}`,
  },
  {
    expression: 'variables.unknown.size() == 0',
    messageExpression: "'there is no annotation ' + variables.unknown[0]",
  },
  ...Object.entries(ANNOTATIONS).map(([name, { pattern, words }]) => annotationRefusal(PREFIX + name, pattern, words)),
  { expression: "variables.workload != ''", messageExpression: celText(NO_WORKLOAD) },
  {
    expression: `variables.workload.matches(${celText(ANNOTATIONS.workload.pattern)})`,
    messageExpression: `'the pod\\'s label makes it workload "' + variables.workload + ${celText(`", ${WORKLOAD_FORM}`)}`,
  },
];

function annotationRefusal(name: string, pattern: string, words: string): Validation {
  return {
    expression: `!('${name}' in variables.annotations) || variables.annotations['${name}'].matches(${celText(pattern)})`,
    messageExpression: `'annotation ${name} is "' + variables.annotations['${name}'] + ${celText(`": it must be ${words}`)}`,
  };
}
