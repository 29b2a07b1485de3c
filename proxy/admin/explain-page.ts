/** `/explain`: what would become of a request, without sending it. */
import { type AskedEndpoint, explain } from '../explain/explain.ts';
import { readQuestion } from '../explain/question.ts';
import { type AdminEndpoint, textReply } from './admin-endpoint.ts';
import { healthFlags } from './cluster-health.ts';
import type { AdminViews, EndpointView } from './views.ts';

/** The endpoint over routes and clusters in use. */
export function explainEndpoint(views: Pick<AdminViews, 'clusters' | 'httpListeners'>): AdminEndpoint {
  return {
    path: '/explain',
    help: 'what would become of a request: its route, clusters and endpoints',
    parameters: ['host=HOST', 'path=/', 'method=GET', 'header=NAME: VALUE'],
    handle: ({ query }) => {
      const question = readQuestion(query);
      if (typeof question === 'string') return textReply(`${question}\n`, 400);
      const clusters = new Map(views.clusters().map((each) => [each.config.name, each.endpoints]));
      return textReply(explain(question, views.httpListeners(), (name) => clusters.get(name)?.map(asked)));
    },
  };
}

function asked(endpoint: EndpointView): AskedEndpoint {
  const { key, available, active } = endpoint;
  const flags = healthFlags(endpoint);
  const standing = flags === 'healthy' ? '' : `${available ? 'in rotation' : 'out of rotation'} (${flags.slice(1)})`;
  return { key, available, active, standing };
}
