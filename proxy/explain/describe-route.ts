/** A route and what it leads to, in words. PURE. */
import type { StringMatch } from '../config/model/match.ts';
import type {
  ClusterChoice,
  ForwardAction,
  RetryPolicyConfig,
  RouteActionConfig,
  RouteConfig,
} from '../config/model/route.ts';

/** What a route takes: path, headers, query, share. */
export function describeMatch({ match }: RouteConfig): string {
  const parts = [describePath(match.path)];
  for (const { name, test, invert } of match.headers) {
    const wanted =
      test.kind === 'string'
        ? describeString(test.match)
        : test.kind === 'range'
          ? `in [${test.start}, ${test.end})`
          : test.present
            ? 'present'
            : 'absent';
    parts.push(`header ${name}${invert ? ' not' : ''} ${wanted}`);
  }
  for (const { name, test } of match.query)
    parts.push(`query ${name} ${test.kind === 'string' ? describeString(test.match) : 'present'}`);
  if (match.grpcOnly) parts.push('gRPC calls');
  if (match.runtimeFraction !== null)
    parts.push(`${match.runtimeFraction.numerator} of ${match.runtimeFraction.denominator} requests`);
  return parts.join(', ');
}

function describePath(path: RouteConfig['match']['path']): string {
  switch (path.kind) {
    case 'connect':
      return 'CONNECT';
    case 'regex':
      return `path matches ${path.regex.source}`;
    case 'exact':
      return `path ${path.value}`;
    case 'prefix':
    case 'separated-prefix':
      return `path begins with ${path.value}`;
  }
}

function describeString(match: StringMatch): string {
  return match.kind === 'regex' ? `matches ${match.regex.source}` : `${match.kind} ${JSON.stringify(match.value)}`;
}

/** What a route does with a request. */
export function describeAction(action: RouteActionConfig): string[] {
  switch (action.kind) {
    case 'forward':
      return describeForward(action);
    case 'redirect':
      return [`redirects with ${action.status}`];
    case 'direct-response':
      return [`answers ${action.status} from here`];
    case 'non-forwarding':
      return ['forwards nothing (non_forwarding_action)'];
  }
}

function describeForward(action: ForwardAction): string[] {
  const { timeoutMs, retryPolicy, pathRewrite, mirrors, subset } = action;
  const lines = [`forwards to ${describeChoice(action.cluster)}`];
  if (subset !== null)
    lines.push(
      `only to endpoints with ${Object.entries(subset)
        .map((pair) => pair.join('='))
        .join(', ')}`,
    );
  if (pathRewrite !== null)
    lines.push(
      `rewrites the path: ${pathRewrite.kind === 'prefix' ? `prefix to ${pathRewrite.value}` : pathRewrite.regex.source}`,
    );
  lines.push(timeoutMs === 0 ? 'without a time limit' : `within ${timeoutMs} ms`);
  lines.push(retryPolicy === null ? 'without retries of its own' : describeRetries(retryPolicy));
  for (const { cluster } of mirrors) lines.push(`copies go to cluster ${cluster}`);
  return lines;
}

function describeRetries({ numRetries, retryOn }: RetryPolicyConfig): string {
  return `at most ${numRetries} more ${numRetries === 1 ? 'try' : 'tries'} on ${retryOn.join(', ') || 'nothing'}`;
}

function describeChoice(choice: ClusterChoice): string {
  switch (choice.kind) {
    case 'cluster':
      return `cluster ${choice.name}`;
    case 'header':
      return `the cluster that the header ${choice.header} names`;
    case 'weighted':
      return choice.clusters
        .map(({ name, weight }) => `${weight} of ${choice.totalWeight} to cluster ${name}`)
        .join(', ');
  }
}

/** Names of the clusters that an action may lead to, as far as they are written. */
export function clustersOf(action: RouteActionConfig): readonly string[] {
  if (action.kind !== 'forward' || action.cluster.kind === 'header') return [];
  return action.cluster.kind === 'cluster' ? [action.cluster.name] : action.cluster.clusters.map(({ name }) => name);
}
