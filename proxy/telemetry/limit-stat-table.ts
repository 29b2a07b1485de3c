/** Limits of the HTTP/1.1 codec that were hit: Envoy counts them as protocol errors, beside which these stand. */
import type { LimitCounters } from '../http/limit-counters.ts';
import { counter, type StatRow } from './stat-table.ts';

function row(field: keyof LimitCounters, name: string, help: string): StatRow<LimitCounters> {
  return counter<LimitCounters>(field, name, help);
}

/** Rows whose names begin with `prefix`: `downstream_rq` or `upstream_rs`. */
function rows(prefix: string, message: string): StatRow<LimitCounters>[] {
  return [
    row('headersTooLarge', `${prefix}_headers_too_large`, `${message} refused because their heads have too many bytes`),
    row('tooManyHeaders', `${prefix}_too_many_headers`, `${message} refused because they have too many header lines`),
    row('startLineTooLong', `${prefix}_start_line_too_long`, `${message} refused because of a long start line`),
    row('chunkLineTooLong', `${prefix}_chunk_line_too_long`, `${message} cut because of a long chunk line`),
    row('chunkExtensionsTooLarge', `${prefix}_chunk_extensions_too_large`, `${message} cut by their chunk extensions`),
    row('trailersTooLarge', `${prefix}_trailers_too_large`, `${message} cut because of a large trailer section`),
  ];
}

/** Of one connection manager. */
export const REQUEST_LIMIT_STATS: readonly StatRow<LimitCounters>[] = [
  ...rows('downstream_rq', 'Requests'),
  row('methodTooLong', 'downstream_rq_method_too_long', 'Requests refused because of a long method'),
  row('tooManyEmptyLines', 'downstream_rq_too_many_empty_lines', 'Requests refused because of empty lines in front'),
  row('pipelineFull', 'downstream_cx_pipeline_full', 'Times reading stopped because too much of later requests waited'),
];

/** Of one cluster. */
export const ANSWER_LIMIT_STATS: readonly StatRow<LimitCounters>[] = [
  ...rows('upstream_rs', 'Answers'),
  row('tooManyInterim', 'upstream_rs_too_many_interim', 'Answers refused because of interim answers without end'),
];
