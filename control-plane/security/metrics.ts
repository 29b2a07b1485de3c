/**
 * What the control plane's doors have seen, for /metrics.
 */
import type { MetricSource } from '../../kernel/metrics.ts';
import type { Security } from './security.ts';

/** Reads the numbers at every scrape. */
export function securityMetrics(security: Security): MetricSource {
  return (emit) => {
    const sample = (
      type: 'counter' | 'gauge',
      name: string,
      help: string,
      value: number,
      labels: Readonly<Record<string, string>> = {},
    ) => emit({ name: `outrider_control_plane_${name}`, help, type, labels, value });

    const { counts, failures, audit, files, certificate } = security;
    const attempts = 'Requests and streams, by what became of their credential.';
    sample('counter', 'authentications_total', attempts, counts.authenticated, { result: 'known' });
    sample('counter', 'authentications_total', attempts, counts.unauthenticated, { result: 'unknown' });
    sample(
      'counter',
      'forbidden_total',
      'Requests and streams of somebody known that were not theirs to make.',
      counts.forbidden,
    );
    sample(
      'counter',
      'foreign_pages_total',
      'Requests refused because a foreign web page made them.',
      counts.foreignPage,
    );
    const limited = 'Failed authentications above the limit of their address: not written down one by one.';
    sample('counter', 'authentication_failures_limited_total', limited, failures.exceeded);
    for (const { what, broken, loads, refused } of files) {
      const file = what.replace('the ', '').replaceAll(' ', '_');
      sample(
        'gauge',
        'security_file_broken',
        '1 while a file has changed and is wrong, and the old one goes on.',
        Number(broken),
        { file },
      );
      sample('counter', 'security_file_loads_total', 'Times a changed file was taken over.', loads, { file });
      sample('counter', 'security_file_refusals_total', 'Times a changed file was wrong.', refused, { file });
    }
    if (certificate !== null) {
      const help = 'When the certificate of the control plane expires, in seconds since 1970.';
      sample('gauge', 'certificate_expiry_timestamp_seconds', help, Math.floor(certificate.expiresAtMs / 1000));
    }
    sample('counter', 'audit_entries_total', 'Lines written to the audit log.', audit.written);
    sample('counter', 'audit_entries_lost_total', 'Lines that could not be written, and are gone.', audit.lost);
    sample('gauge', 'audit_stuck', '1 while the audit log cannot be written.', Number(audit.stuck));
  };
}
