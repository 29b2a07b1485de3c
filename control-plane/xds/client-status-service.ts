/**
 * Client status discovery (CSDS): what each client was sent, what it took in and what it refused, for tools that speak
 * envoy.service.status.v3. REST shows the same at /v1/clients.
 */
import { type ServerDuplexStream, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import { RESOURCE_TYPES } from '../../protos/contract/resource-types.ts';
import { ClientResourceStatus } from '../../protos/gen/envoy/admin/v3/config_dump_shared.ts';
import {
  type ClientConfig,
  type ClientStatusRequest,
  ClientStatusResponse,
  ConfigStatus,
} from '../../protos/gen/envoy/service/status/v3/csds.ts';
import type { NodeMatcher } from '../../protos/gen/envoy/type/matcher/v3/node.ts';
import type { StringMatcher } from '../../protos/gen/envoy/type/matcher/v3/string.ts';
import { failCall } from '../grpc-failure.ts';
import type { AdsServer } from './ads-server.ts';
import type { ClientReport, ResourceReport } from './client-status.ts';
import type { ConfigState } from './resource-states.ts';

/** Contents of all resources of all clients would be more than anybody can hold. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
/** Of an entry beside its contents, about. */
const ENTRY_BYTES = 128;
const MATCHERS_MAX = 64;

const CLIENT_STATUS: Readonly<Record<ConfigState, ClientResourceStatus>> = {
  SYNCED: ClientResourceStatus.ACKED,
  NOT_SENT: ClientResourceStatus.REQUESTED,
  STALE: ClientResourceStatus.REQUESTED,
  ERROR: ClientResourceStatus.NACKED,
};

/** The methods of the service, for `server.addService(ClientStatusDiscoveryServiceService, ...)`. */
export function clientStatusHandlers(ads: AdsServer) {
  return {
    fetchClientStatus(
      { request }: ServerUnaryCall<ClientStatusRequest, ClientStatusResponse>,
      done: sendUnaryData<ClientStatusResponse>,
    ): void {
      const answer = answerTo(request, ads);
      if (answer.ok) done(null, answer.response);
      else done({ code: answer.code, details: answer.details });
    },
    /** An answer to each request. */
    streamClientStatus(call: ServerDuplexStream<ClientStatusRequest, ClientStatusResponse>): void {
      call.on('data', (request: ClientStatusRequest) => {
        const answer = answerTo(request, ads);
        if (!answer.ok) return failCall(call, answer.code, answer.details);
        // Who does not read is not answered before it does.
        if (!call.write(answer.response)) {
          call.pause();
          call.once('drain', () => call.resume());
        }
      });
      call.on('error', () => {});
      call.on('end', () => call.end());
    },
  };
}

type Answer =
  | { readonly ok: true; readonly response: ClientStatusResponse }
  | { readonly ok: false; readonly code: status; readonly details: string };

function answerTo({ nodeMatchers, excludeResourceContents }: ClientStatusRequest, ads: AdsServer): Answer {
  const problem = matcherProblem(nodeMatchers);
  if (problem !== undefined) return { ok: false, code: status.INVALID_ARGUMENT, details: problem };
  const wanted = ({ nodeId }: { readonly nodeId: string }) =>
    nodeMatchers.length === 0 || nodeMatchers.some((matcher) => matches(matcher.nodeId!, nodeId));
  const config: ClientConfig[] = [];
  let bytes = 0;
  for (const report of ads.reports(wanted)) {
    for (const { resource } of report.resources)
      bytes += ENTRY_BYTES + (excludeResourceContents ? 0 : (resource?.bytes.length ?? 0));
    if (bytes > ANSWER_BYTES_MAX) {
      const details = `the answer is larger than ${ANSWER_BYTES_MAX} bytes: set exclude_resource_contents, or match by node_id`;
      return { ok: false, code: status.RESOURCE_EXHAUSTED, details };
    }
    config.push(clientConfig(report, !excludeResourceContents));
  }
  return { ok: true, response: ClientStatusResponse.fromPartial({ config }) };
}

function matcherProblem(matchers: readonly NodeMatcher[]): string | undefined {
  if (matchers.length > MATCHERS_MAX)
    return `node_matchers has ${matchers.length} entries: at most ${MATCHERS_MAX} are allowed`;
  for (const [i, { nodeId, nodeMetadatas }] of matchers.entries()) {
    if (nodeMetadatas.length > 0) return `node_matchers[${i}].node_metadatas is not supported: match by node_id`;
    if (nodeId?.matchPattern === undefined) return `node_matchers[${i}].node_id is missing`;
    if (nodeId.matchPattern.$case === 'safeRegex')
      return `node_matchers[${i}].node_id.safe_regex is not supported: use exact, prefix, suffix or contains`;
  }
  return undefined;
}

function matches({ matchPattern, ignoreCase }: StringMatcher, text: string): boolean {
  if (matchPattern === undefined || matchPattern.$case === 'safeRegex') return false;
  const fold = (each: string) => (ignoreCase ? each.toLowerCase() : each);
  const subject = fold(text);
  const pattern = fold(matchPattern.value);
  switch (matchPattern.$case) {
    case 'exact':
      return subject === pattern;
    case 'prefix':
      return subject.startsWith(pattern);
    case 'suffix':
      return subject.endsWith(pattern);
    case 'contains':
      return subject.includes(pattern);
  }
}

function clientConfig({ nodeId, userAgent, resources }: ClientReport, contents: boolean): ClientConfig {
  const node = { id: nodeId, userAgentName: userAgent };
  const genericXdsConfigs = resources.map((each) => genericConfig(each, contents));
  return ClientStatusResponse.fromPartial({ config: [{ node, genericXdsConfigs }] }).config[0]!;
}

function genericConfig(report: ResourceReport, contents: boolean) {
  const { kind, name, version: versionInfo, state, exists, sentAtMs, refusal, resource } = report;
  // What is secret is nobody's to look at.
  const shown = contents && kind !== 'SDS' && resource !== undefined ? { xdsConfig: resource.resource } : {};
  const failure =
    refusal === null
      ? {}
      : {
          errorState: {
            details: refusal.message,
            versionInfo: refusal.version,
            lastUpdateAttempt: timestamp(refusal.atMs),
          },
        };
  return {
    typeUrl: RESOURCE_TYPES[kind].typeUrl,
    name,
    versionInfo,
    configStatus: ConfigStatus[state],
    clientStatus: exists || state === 'STALE' ? CLIENT_STATUS[state] : ClientResourceStatus.DOES_NOT_EXIST,
    ...(sentAtMs === 0 ? {} : { lastUpdated: timestamp(sentAtMs) }),
    ...shown,
    ...failure,
  };
}

function timestamp(ms: number): { seconds: number; nanos: number } {
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: Math.round((ms - seconds * 1000) * 1e6) };
}
