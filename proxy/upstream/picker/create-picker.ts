/** From a load-balancing policy to its picker. */
import type { Random } from '../../../kernel/random.ts';
import type { LbPolicyConfig } from '../../config/model/cluster.ts';
import type { Endpoint } from '../endpoint.ts';
import { LeastRequestPicker } from './least-request.ts';
import { PeakEwmaPicker } from './peak-ewma.ts';
import { EMPTY_PICKER, type Picker } from './picker.ts';
import { RandomPicker } from './random.ts';
import { RoundRobinPicker } from './round-robin.ts';
import type { Weigh } from './slow-start.ts';

/** The picker of a policy over these endpoints. `weigh` gives weights that change with time; null takes the configured. */
export function createPicker(
  policy: LbPolicyConfig,
  endpoints: readonly Endpoint[],
  random: Random,
  weigh: Weigh | null,
): Picker {
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
  }
}
