/** The application's settings, as its sidecar keeps them: from the control plane to a file and a loopback port. */
import type { Logger } from '../../kernel/log.ts';
import { ReplacedFile } from '../../kernel/replaced-file.ts';
import type { Timers } from '../../kernel/timers.ts';
import type { ConfigSet } from '../../protos/gen/outrider/config/v1/config_set.ts';
import type { ScalingDecision } from '../../protos/gen/outrider/scaling/v1/scaling_decision.ts';
import type { HandedSocket, InheritedSockets } from '../net/inherited-sockets.ts';
import { SettingsServer } from './settings-server.ts';
import { scalingView, settingsView, settingView } from './settings-view.ts';

/** Where the settings go. */
export interface SettingsOptions {
  /** On 127.0.0.1; 0 takes a free one, null opens none. */
  readonly port: number | null;
  /** Null writes none. */
  readonly file: string | null;
}

/** What they need. */
export interface SettingsDeps {
  readonly timers: Timers;
  readonly logger: Logger;
}

/** The running settings. */
export interface Settings {
  /** Opens the port. Rejects with a message that names it and the cause. Null when there is none. */
  start(inherited?: InheritedSockets | null): Promise<{ readonly port: number } | null>;
  /** What a successor inherits; null when no port is open. */
  readonly handed: HandedSocket | null;
  /** Opens no connection any more. */
  stopAccepting(): void;
  close(): Promise<void>;
  /** The control plane's settings of this workload; undefined when there are none (any more). */
  setConfig(set: ConfigSet | undefined): void;
  setScaling(decisions: ReadonlyMap<string, ScalingDecision>): void;
}

/** Makes them. */
export function createSettings({ port, file }: SettingsOptions, { timers, logger }: SettingsDeps): Settings {
  let config: ConfigSet | undefined;
  let scaling: ReadonlyMap<string, ScalingDecision> = new Map();
  const onDisk = file === null ? null : new ReplacedFile(file);
  let writing: Promise<void> = Promise.resolve();
  const lookup = (path: string) => {
    if (path === '/v1/config') return settingsView(config);
    if (path === '/v1/scaling') return scalingView(scaling);
    const key = /^\/v1\/config\/([^/]+)$/.exec(path)?.[1];
    return key === undefined ? undefined : settingView(config, decoded(key));
  };
  const server = new SettingsServer(lookup, timers);
  return {
    async start(inherited) {
      if (port === null) return null;
      return { port: await server.listen(port, inherited) };
    },
    get handed() {
      return server.handed;
    },
    stopAccepting: () => server.stopAccepting(),
    async close() {
      await writing;
      if (port !== null) await server.close();
    },
    setConfig(set) {
      config = set;
      server.changed();
      if (onDisk === null) return;
      writing = onDisk
        .write(() => fileText(settingsView(set).values))
        .catch((error: unknown) => {
          logger.error({ err: error, file }, 'the settings file could not be written');
        });
    },
    setScaling(decisions) {
      scaling = decisions;
      server.changed();
    },
  };
}

/** A key as it stands in a path; one with broken escapes names nothing. */
function decoded(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

/** What an application reads: `{"KEY": "value"}`. */
function fileText(values: Readonly<Record<string, string>>): string {
  return `${JSON.stringify(values, null, 2)}\n`;
}
