/** Resources that are no part of the proxy's configuration, such as settings: subscribed to on the same stream. */
import { assert } from '../../kernel/assert.ts';
import { PUSH_ORDER, type ResourceMessageName, type ResourceType } from '../../protos/contract/resource-types.ts';
import type { MessageTypes } from '../../protos/gen/registry.ts';
import type { Names } from './subscription.ts';

/** See the head of this file. Make one with `extraSubscription`. */
export interface ExtraSubscription {
  readonly type: ResourceType;
  readonly names: Names;
  /** Gets everything that is there by name whenever something changes. */
  readonly onChange: (resources: ReadonlyMap<string, unknown>) => void;
}

/** Subscribes to resources of a type: by name, or to all that there are. */
export function extraSubscription<N extends ResourceMessageName & keyof MessageTypes>(
  messageName: N,
  names: 'all' | ReadonlySet<string> | readonly string[],
  onChange: (resources: ReadonlyMap<string, MessageTypes[N]>) => void,
): ExtraSubscription {
  const type = PUSH_ORDER.find((each) => each.messageName === messageName);
  assert(type !== undefined, `${messageName} is no resource type`);
  return {
    type: type as ResourceType,
    names: names === 'all' ? 'all' : new Set(names),
    onChange: onChange as (resources: ReadonlyMap<string, unknown>) => void,
  };
}
