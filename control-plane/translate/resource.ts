/**
 * What the translator makes: xDS resources in the proto3 JSON form, as Envoy's documentation writes them.
 *
 * JSON, and not message objects, because this is the place where people look up what the mesh does; it is read strictly
 * and encoded once, by snapshot/.
 */

import type { ResourceKind } from '../../protos/contract/resource-types.ts';

/** JSON as the proto mapping takes it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A JSON object. */
export type JsonObject = { readonly [key: string]: Json };

/** One resource of one type. */
export interface XdsResource {
  readonly kind: ResourceKind;
  readonly name: string;
  readonly json: JsonObject;
  /** Given only to those who ask for it by name, and not to a wildcard subscription. */
  readonly onDemand: boolean;
}

/** A resource for every subscriber of its type. */
export function resource(kind: ResourceKind, name: string, json: JsonObject): XdsResource {
  return { kind, name, json, onDemand: false };
}

/** The fields that have a value: null is what nobody wrote. */
export function written(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

/** A protobuf duration. */
export function duration(ms: number): string {
  return `${ms / 1000}s`;
}

/** The same where there is one; null is what nobody wrote. */
export function optionalDuration(ms: number | null): string | null {
  return ms === null ? null : duration(ms);
}
