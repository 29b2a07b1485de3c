/**
 * /v1/clients: every xDS client with what it was sent, took in and refused. The same is told over gRPC by the client
 * status discovery service.
 */
import type { ClientReport, ResourceReport } from '../xds/client-status.ts';
import type { Routes } from './context.ts';
import { ApiError } from './errors.ts';
import { anySchema, listSchema } from './schemas.ts';

/** See the head of this file. */
export const clientRoutes: Routes = (server, { ads }) => {
  const all = {
    summary: 'Every xDS client: how many resources of each kind it has taken in, refused, and is still to have.',
    response: { 200: listSchema },
  };
  server.get('/v1/clients', { schema: all }, () => [...ads.reports(() => true)].map(summaryView));

  const one = {
    summary: 'One xDS client with every resource; a client may have several streams.',
    params: { type: 'object', properties: { id: { type: 'string' } } },
    response: { 200: anySchema },
  };
  server.get<{ Params: { id: string } }>('/v1/clients/:id', { schema: one }, ({ params: { id } }) => {
    const streams = [...ads.reports(({ nodeId }) => nodeId === id)];
    if (streams.length === 0) throw new ApiError('not_found', `no client "${id}" is connected: see /v1/clients`);
    return { id, streams: streams.map(streamView) };
  });
};

function summaryView({ nodeId: id, userAgent, protocol, resources }: ClientReport) {
  const kinds: Record<string, Record<string, number>> = {};
  for (const { kind, state, exists } of resources) {
    const counts = kinds[kind] ?? {};
    kinds[kind] = counts;
    const key = exists || state === 'STALE' ? state : 'UNKNOWN_NAME';
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return { id, userAgent, protocol, kinds };
}

function streamView({ userAgent, protocol, resources }: ClientReport) {
  return { userAgent, protocol, resources: resources.map(resourceView) };
}

function resourceView({ kind, name, state, exists, version, sentAtMs, refusal }: ResourceReport) {
  return {
    kind,
    name,
    status: state,
    exists,
    version,
    ...(sentAtMs === 0 ? {} : { sentAt: new Date(sentAtMs).toISOString() }),
    ...(refusal === null
      ? {}
      : { error: { message: refusal.message, version: refusal.version, at: new Date(refusal.atMs).toISOString() } }),
  };
}
