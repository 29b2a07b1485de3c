/**
 * How a sidecar that has taken the place of another fares: what it has yet to do, as its streams tell.
 */
import type { AgentServer } from './agents/agent-server.ts';
import type { SidecarStanding } from './orchestrator/sidecar-upgrades.ts';
import type { AdsServer } from './xds/ads-server.ts';

/** See the head of this file. */
export function sidecarStanding(
  agents: Pick<AgentServer, 'pidOf'>,
  ads: Pick<AdsServer, 'streamsOf'>,
): SidecarStanding {
  return (id, pid) => {
    if (agents.pidOf(id) !== pid) return 'has not registered';
    const streams = ads.streamsOf(id);
    if (streams.length === 0) return 'is not subscribed to its configuration';
    const refused = streams.flatMap(({ kinds }) =>
      [...kinds].flatMap(([kind, { nacked }]) => (nacked === null ? [] : `refuses ${kind}: ${nacked.message}`)),
    );
    if (refused.length > 0) return refused[0]!;
    return streams.every(({ progress }) => progress === 'settled') ? null : 'has not taken in its configuration';
  };
}
