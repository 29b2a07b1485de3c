/** Small values that many messages share: durations, fractions, addresses, metadata, data sources. */
import {
  type Address,
  type CidrRange,
  SocketAddress_Protocol,
} from '../../../protos/gen/envoy/config/core/v3/address.ts';
import type { DataSource, Metadata, RuntimeFractionalPercent } from '../../../protos/gen/envoy/config/core/v3/base.ts';
import { FractionalPercent_DenominatorType } from '../../../protos/gen/envoy/type/v3/percent.ts';
import type { Path } from '../../../protos/json/issue.ts';
import { canonicalJson } from '../canonical-json.ts';
import type { SocketAddress } from '../model/common.ts';
import type { RuntimeFraction } from '../model/match.ts';
import type { SubsetKeys } from '../model/route.ts';
import type { Decoding } from './decoding.ts';

/** A Duration as the generated code has it. */
interface DurationMessage {
  readonly seconds: number;
  readonly nanos: number;
}

/** Milliseconds of a duration, or the fallback when it is absent. A positive duration never becomes 0. */
export function durationMs<F>(duration: DurationMessage | undefined, fallback: F): number | F {
  if (duration === undefined) return fallback;
  const ms = duration.seconds * 1000 + duration.nanos / 1e6;
  return ms > 0 ? Math.max(1, Math.round(ms)) : 0;
}

/** Numerator and denominator with the runtime key; an absent default value is 0 of 100, as in Envoy. */
export function runtimeFraction(message: RuntimeFractionalPercent): RuntimeFraction {
  const { numerator = 0, denominator = 0 } = message.defaultValue ?? {};
  const denominators = {
    [FractionalPercent_DenominatorType.HUNDRED]: 100,
    [FractionalPercent_DenominatorType.TEN_THOUSAND]: 10_000,
    [FractionalPercent_DenominatorType.MILLION]: 1_000_000,
  } as const;
  return { numerator, denominator: denominators[denominator], runtimeKey: message.runtimeKey || null };
}

/** Host and port; IPv6 literals come without brackets. Datagrams are for DNS alone. */
export function socketAddress(
  address: Address | undefined,
  path: Path,
  decoding: Decoding,
  protocols: 'tcp' | 'any' = 'tcp',
): SocketAddress {
  if (address?.address?.$case !== 'socketAddress') {
    decoding.report(path, 'an address is required: socket_address with address and port_value');
    return { host: '', port: 0 };
  }
  const { address: host, portSpecifier, protocol } = address.address.value;
  if (protocol !== SocketAddress_Protocol.TCP && protocols === 'tcp')
    decoding.report([...path, 'socket_address', 'protocol'], 'protocol UDP is for listeners of DNS; here it is TCP');
  const port = portSpecifier?.value ?? 0;
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port };
}

/** True for IPv4 and IPv6 literals. */
export function isIpLiteral(host: string): boolean {
  const octets = host.split('.');
  if (octets.length === 4) return octets.every((octet) => /^(0|[1-9]\d{0,2})$/.test(octet) && Number(octet) < 256);
  return host.includes(':') && URL.canParse(`http://[${host}]/`);
}

/** `10.0.0.0/8`. */
export function cidrText(range: CidrRange, path: Path, decoding: Decoding): string {
  const length = range.prefixLen ?? 0;
  const bits = range.addressPrefix.includes(':') ? 128 : 32;
  if (!isIpLiteral(range.addressPrefix))
    decoding.report([...path, 'address_prefix'], `${JSON.stringify(range.addressPrefix)} is no IP address`);
  else if (length > bits)
    decoding.report([...path, 'prefix_len'], `${length} is longer than the ${bits} bits of the address`);
  return `${range.addressPrefix}/${length}`;
}

/** Whether a text is a token, as names of headers are (RFC 9110 section 5.6.2). */
export function isToken(text: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text);
}

/** Metadata as plain objects by name space. */
export function metadataObject(metadata: Metadata | undefined): Record<string, Record<string, unknown>> {
  const entries = Object.entries(metadata?.filterMetadata ?? {});
  return Object.fromEntries(entries.map(([name, fields]) => [name, fields ?? {}]));
}

/** The labels under `envoy.lb` as canonical JSON text, sorted by name; null when there are none. */
export function subsetKeys(metadata: Metadata | undefined): SubsetKeys | null {
  const labels = metadata?.filterMetadata['envoy.lb'];
  return labels === undefined ? null : labelsOf(labels);
}

/** The same of a Struct alone. */
export function labelsOf(labels: Readonly<Record<string, unknown>>): SubsetKeys {
  const entries = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, value]) => [name, canonicalJson(value)]));
}

/** Both, those of the second where both have a key; sorted by name again. */
export function mergedLabels(first: SubsetKeys | null, second: SubsetKeys | null): SubsetKeys | null {
  if (first === null || second === null) return second ?? first;
  return Object.fromEntries(Object.entries({ ...first, ...second }).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The text of a data source; empty, with a report, when it cannot be had. */
export function dataSourceText(source: DataSource | undefined, path: Path, decoding: Decoding): string {
  const specifier = source?.specifier;
  if (specifier === undefined) {
    decoding.report(path, 'a source is required: filename, inline_string, inline_bytes or environment_variable');
    return '';
  }
  if (specifier.$case === 'inlineString') return specifier.value;
  if (specifier.$case === 'inlineBytes') return specifier.value.toString('utf8');
  const isFile = specifier.$case === 'filename';
  const result = isFile ? decoding.sources.readFile(specifier.value) : decoding.sources.readVariable(specifier.value);
  if (result.ok) return result.text;
  decoding.report([...path, isFile ? 'filename' : 'environment_variable'], result.problem);
  return '';
}
