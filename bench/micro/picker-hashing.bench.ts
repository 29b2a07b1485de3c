/** Micro-benchmarks of the hashing pickers: what a request pays to be placed, from the text that is hashed to the endpoint. */
import { SeededRandom } from '../../kernel/random.ts';
import type { HashingPolicyConfig } from '../../proxy/config/model/cluster.ts';
import { ClusterStats } from '../../proxy/upstream/cluster-stats.ts';
import type { Endpoint } from '../../proxy/upstream/endpoint.ts';
import { createHashingPicker } from '../../proxy/upstream/picker/hashing/create-hashing-picker.ts';
import { XxHash64 } from '../../proxy/upstream/picker/hashing/xx-hash.ts';
import type { Picker } from '../../proxy/upstream/picker/picker.ts';
import { PickerMemory } from '../../proxy/upstream/picker/picker-memory.ts';
import { endpoint } from '../../test/fakes/config-builders.ts';
import type { MicroBenchmark } from './runner.ts';

const ENDPOINTS = Array.from(
  { length: 20 },
  (_, i) => ({ key: `10.0.0.${i}:8080`, config: endpoint(i), active: 0 }) as unknown as Endpoint,
);
const KEYS = Array.from({ length: 1_024 }, (_, i) => `user-${i}-0123456789ab`);
const REST = { useHostname: false, boundPercent: 0 };

/** The table is made once: a picker outlives many requests. */
function pick(policy: HashingPolicyConfig): (iterations: number) => unknown {
  const tools = { memory: new PickerMemory(), stats: new ClusterStats(), random: new SeededRandom(1) };
  let made: Picker | null = null;
  return (iterations) => {
    made ??= createHashingPicker(policy, ENDPOINTS, ENDPOINTS, () => 1, tools);
    const picker = made;
    const hash = new XxHash64();
    const context = { hash, subset: null, pinned: null, destination: null, tried: null };
    let picked: Endpoint | null = null;
    for (let i = 0; i < iterations; i++) {
      hash.of(KEYS[i & 1_023]!);
      picked = picker.pick(context);
    }
    return picked;
  };
}

function hashOnly(iterations: number): unknown {
  const hash = new XxHash64();
  for (let i = 0; i < iterations; i++) hash.of(KEYS[i & 1_023]!);
  return hash.lo;
}

/** One operation hashes a text of 20 bytes; where the name says so it picks one of 20 endpoints by it too. */
export const benchmarks: readonly MicroBenchmark[] = [
  { name: 'picker/xxHash64 20 bytes', run: hashOnly },
  {
    name: 'picker/ring-hash 1,024 points',
    run: pick({ kind: 'ring-hash', minimumSize: 1_024, maximumSize: 8_388_608, ...REST }),
  },
  { name: 'picker/maglev 65,537 slots', run: pick({ kind: 'maglev', tableSize: 65_537, ...REST }) },
];
