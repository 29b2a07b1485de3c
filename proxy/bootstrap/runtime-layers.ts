/** envoy.config.bootstrap.v3.LayeredRuntime, flattened to the values that the proxy looks up. */
import type { LayeredRuntime } from '../../protos/gen/envoy/config/bootstrap/v3/bootstrap.ts';

const DENOMINATORS: Readonly<Record<string, number>> = { HUNDRED: 100, TEN_THOUSAND: 10_000, MILLION: 1_000_000 };

/** All values of the static layers by dotted key; a later layer wins. A fraction becomes a percentage. */
export function flattenRuntime(runtime: LayeredRuntime | undefined): Map<string, string> {
  const values = new Map<string, string>();
  for (const layer of runtime?.layers ?? []) {
    if (layer.layerSpecifier?.$case === 'staticLayer') addValues(values, '', layer.layerSpecifier.value ?? {});
  }
  return values;
}

/** True when POST /runtime_modify has a layer to write to. */
export function hasAdminLayer(runtime: LayeredRuntime | undefined): boolean {
  return (runtime?.layers ?? []).some((layer) => layer.layerSpecifier?.$case === 'adminLayer');
}

/** Places of layers whose name another layer has already. */
export function duplicateLayers(
  runtime: LayeredRuntime | undefined,
): readonly { readonly index: number; readonly name: string }[] {
  const names = (runtime?.layers ?? []).map((layer) => layer.name);
  return names.map((name, index) => ({ name, index })).filter(({ name, index }) => names.indexOf(name) < index);
}

function addValues(values: Map<string, string>, prefix: string, layer: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(layer)) {
    const key = prefix === '' ? name : `${prefix}.${name}`;
    const percentage = percentageOf(value);
    if (percentage !== undefined) values.set(key, String(percentage));
    else if (typeof value === 'object' && value !== null) addValues(values, key, value as Record<string, unknown>);
    else values.set(key, String(value));
  }
}

function percentageOf(value: unknown): number | undefined {
  if (typeof value !== 'object' || value === null || !('numerator' in value)) return undefined;
  const denominator = 'denominator' in value ? DENOMINATORS[String(value.denominator)] : 100;
  return denominator === undefined ? undefined : (Number(value.numerator) / denominator) * 100;
}
