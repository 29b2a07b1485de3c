/**
 * What the control plane's doors have seen, for /metrics.
 */
import type { MetricSource } from '../../kernel/metrics.ts';
import { sampler } from '../sampler.ts';
import type { Security } from './security.ts';

/** Reads the numbers at every scrape. */
export function securityMetrics(security: Security): MetricSource {
  return (emit) => {
    const { gauge, counter } = sampler(emit);

    const { counts, failures, audit, files, certificate, serviceAccounts } = security;
    const attempts = 'Requests and streams, by what became of their credential.';
    counter('authentications_total', attempts, counts.authenticated, { result: 'known' });
    counter('authentications_total', attempts, counts.unauthenticated, { result: 'unknown' });
    counter(
      'forbidden_total',
      'Requests and streams of somebody known that were not theirs to make.',
      counts.forbidden,
    );
    counter('foreign_pages_total', 'Requests refused because a foreign web page made them.', counts.foreignPage);
    const limited = 'Failed authentications above the limit of their address: not written down one by one.';
    counter('authentication_failures_limited_total', limited, failures.exceeded);
    for (const { what, broken, loads, refused } of files) {
      const file = what.replace('the ', '').replaceAll(' ', '_');
      gauge(
        'security_file_broken',
        '1 while a file has changed and is wrong, and the old one goes on.',
        Number(broken),
        { file },
      );
      counter('security_file_loads_total', 'Times a changed file was taken over.', loads, { file });
      counter('security_file_refusals_total', 'Times a changed file was wrong.', refused, { file });
    }
    if (certificate !== null) {
      const help = 'When the certificate of the control plane expires, in seconds since 1970.';
      gauge('certificate_expiry_timestamp_seconds', help, Math.floor(certificate.expiresAtMs / 1000));
    }
    if (serviceAccounts !== null) {
      const { size, loads, failures: failed } = serviceAccounts;
      gauge('service_account_keys', 'Keys of the cluster by which tokens are verified.', size);
      counter('service_account_key_loads_total', 'Times they were fetched.', loads);
      counter('service_account_key_failures_total', 'Times they were not to be had.', failed);
    }
    counter('audit_entries_total', 'Lines written to the audit log.', audit.written);
    counter('audit_entries_lost_total', 'Lines that could not be written, and are gone.', audit.lost);
    gauge('audit_stuck', '1 while the audit log cannot be written.', Number(audit.stuck));
  };
}
