/** From a load-balancing policy to its picker. */
import type { LbPolicyConfig } from '../../config/model/cluster.ts';
import type { Endpoint } from '../endpoint.ts';
import { createHashingPicker, type HashingTools } from './hashing/create-hashing-picker.ts';
import { LeastRequestPicker } from './least-request.ts';
import { PeakEwmaPicker } from './peak-ewma.ts';
import { EMPTY_PICKER, type Picker } from './picker.ts';
import { RandomPicker } from './random.ts';
import { RoundRobinPicker } from './round-robin.ts';
import type { Weigh } from './slow-start.ts';

/** Whom a picker chooses from. */
export interface PickerGroup {
  readonly endpoints: readonly Endpoint[];
  /** These, and those besides them that may not be picked now: hashing keeps their places. */
  readonly all: readonly Endpoint[];
  /** Gives weights that change with time; null takes the configured ones. */
  readonly weigh: Weigh | null;
  /** The weights that hashing goes by. */
  readonly placeWeigh: Weigh;
}

/** The picker of a policy over these endpoints. */
export function createPicker(policy: LbPolicyConfig, group: PickerGroup, tools: HashingTools): Picker {
  const { endpoints, weigh } = group;
  const { random } = tools;
  if (endpoints.length === 0) return EMPTY_PICKER;
  switch (policy.kind) {
    case 'round-robin':
      return new RoundRobinPicker(endpoints, random, weigh);
    case 'random':
      return new RandomPicker(endpoints, random);
    case 'least-request':
      return new LeastRequestPicker(endpoints, policy.choices, policy.activeRequestBias, random, weigh);
    case 'peak-ewma':
      return new PeakEwmaPicker(endpoints, random, weigh);
    case 'ring-hash':
    case 'maglev':
      return createHashingPicker(policy, group.all, endpoints, group.placeWeigh, tools);
  }
}

/** Whether a policy chooses by the hash of the request. */
export function hashes({ kind }: LbPolicyConfig): boolean {
  return kind === 'ring-hash' || kind === 'maglev';
}
