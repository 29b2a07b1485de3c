/** Settings and scaling decisions as the application sees them: plain JSON. */
import { createHash } from 'node:crypto';
import type { ConfigEntry, ConfigSet } from '../../protos/gen/outrider/config/v1/config_set.ts';
import type { ScalingDecision } from '../../protos/gen/outrider/scaling/v1/scaling_decision.ts';

/** All settings of this workload. Bytes are base64. */
export interface SettingsView {
  /** Grows with every change; 0 before the first set has come. */
  readonly revision: number;
  readonly values: Readonly<Record<string, string>>;
}

/** One setting. */
export interface SettingView {
  readonly key: string;
  readonly value: string;
  /** Of the last change of this setting. */
  readonly revision: number;
  /** `text/plain` when the setting has none. */
  readonly contentType: string;
}

/** How many replicas a service has and should have. */
export interface ScalingView {
  readonly desired: number;
  readonly ready: number;
  readonly revision: number;
}

/** What a set says; undefined is a workload without settings. */
export function settingsView(set: ConfigSet | undefined): SettingsView {
  const entries = set?.entries ?? [];
  return { revision: set?.revision ?? 0, values: Object.fromEntries(entries.map((each) => [each.key, textOf(each)])) };
}

/** One setting, or undefined when it is not set. */
export function settingView(set: ConfigSet | undefined, key: string): SettingView | undefined {
  const entry = set?.entries.find((each) => each.key === key);
  if (entry === undefined) return undefined;
  return { key, value: textOf(entry), revision: entry.revision, contentType: entry.contentType || 'text/plain' };
}

/** Decisions by service. */
export function scalingView(decisions: ReadonlyMap<string, ScalingDecision>): Readonly<Record<string, ScalingView>> {
  return Object.fromEntries(
    [...decisions].map(([service, { desiredReplicas: desired, readyReplicas: ready, revision }]) => {
      return [service, { desired, ready, revision }];
    }),
  );
}

/** An entity tag that differs as soon as the text does, also after a control plane that started over. */
export function tagOf(text: string): string {
  return `"${createHash('sha256').update(text).digest('base64url').slice(0, 16)}"`;
}

function textOf({ value }: ConfigEntry): string {
  if (value === undefined) return '';
  return value.$case === 'text' ? value.value : value.value.toString('base64');
}
