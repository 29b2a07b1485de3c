/**
 * What the control plane says of itself: status, health, metrics, and where Prometheus finds the sidecars.
 */
import { replicaId } from '../orchestrator/plan.ts';
import type { Routes } from './context.ts';
import { ApiError } from './errors.ts';
import { anySchema, errorSchema, listSchema } from './schemas.ts';
import { nodeViews, serviceViews } from './views.ts';

/** See the head of this file. */
export const statusRoutes: Routes = (server, context) => {
  const { ledger, registry, clock, metrics, breakers, leadership } = context;
  const startedAtMs = clock.nowMs();

  const status = {
    summary:
      'Clients and what they took in, services, revision; `settled` waits so many seconds until all have taken in all.',
    querystring: {
      type: 'object',
      additionalProperties: false,
      properties: { settled: { type: 'string', pattern: '^([0-9]{1,2}|[12][0-9]{2}|300)$' } },
    },
    response: { 200: anySchema },
  };
  server.get<{ Querystring: { settled?: string } }>('/v1/status', { schema: status }, async ({ query }) => {
    if (query.settled !== undefined) await context.settle(Number(query.settled) * 1000);
    return statusView();
  });
  const statusView = () => ({
    version: context.version,
    uptimeMs: Math.round(clock.nowMs() - startedAtMs),
    revision: ledger.state.revision,
    ...(leadership.shared
      ? { leadership: { role: leadership.role, leader: leadership.leader, members: leadership.members } }
      : {}),
    selfPreservation: registry.view().preserving,
    nodes: nodeViews(context),
    // Request breakers that are held open for everyone.
    openBreakers: breakers.open.map(({ name, open, callers, sinceMs, untilMs }) => ({
      name,
      open,
      callers,
      sinceMs: Math.round(clock.nowMs() - sinceMs),
      leftMs: Math.max(0, Math.round(untilMs - clock.nowMs())),
    })),
    services: serviceViews(context).map(({ name, replicas }) => ({ name, replicas })),
  });

  // A scrape job that shows a token, or speaks TLS, does so to all of its targets: this one then wants a job of its own.
  const { authentication, tls } = context.security.settings;
  const ownTarget = (host: string) =>
    authentication || tls !== null
      ? []
      : [{ targets: [host], labels: { __metrics_path__: '/metrics', workload: 'outrider-control-plane' } }];
  const targets = { summary: 'Scrape targets, for http_sd_configs.', response: { 200: listSchema } };
  server.get('/v1/prometheus/targets', { schema: targets }, (request) => [
    ...ownTarget(request.host),
    ...context.replicas().map(({ workload, index, adminAddress }) => ({
      targets: [adminAddress],
      labels: { __metrics_path__: '/stats/prometheus', workload, instance: replicaId(workload, index) },
    })),
  ]);

  const exposition = { summary: 'Metrics of the control plane.', produces: ['text/plain'] };
  server.get('/metrics', { schema: exposition }, async (request, reply) => {
    const open = request.headers.accept?.includes('application/openmetrics-text') === true;
    const { contentType, body } = await metrics.expose(open ? 'openmetrics' : 'prometheus');
    return reply.header('content-type', contentType).send(body);
  });

  server.get('/healthz', { schema: { summary: 'Is the process well?', response: { 200: anySchema } } }, () => ({
    status: 'ok',
  }));

  const ready = { summary: 'Does it serve?', response: { 200: anySchema, 503: errorSchema } };
  server.get('/readyz', { schema: ready }, () => {
    const waitingFor = context.waitingFor();
    if (waitingFor.length === 0) return { status: 'ready', role: leadership.role };
    throw new ApiError('not_ready', `waiting for ${waitingFor.join(', ')}`);
  });

  const shutdown = {
    summary: 'Ends the control plane; the workloads are stopped before, or run on.',
    body: {
      type: 'object',
      required: ['workloads'],
      additionalProperties: false,
      properties: { workloads: { type: 'string', enum: ['stop', 'keep'] } },
    },
    response: { 202: anySchema },
  };
  server.post<{ Body: { workloads: 'stop' | 'keep' } }>('/v1/shutdown', { schema: shutdown }, (request, reply) => {
    const { workloads } = request.body;
    reply.raw.once('finish', () => context.shutdown(workloads));
    return reply.code(202).send({ status: 'ending', workloads });
  });
};
