/** TLS in Envoy's words ("TLS statistics"), below the scope of a listener or a cluster. */
import type { TlsStats } from '../net/tls/tls-stats.ts';
import { counter, type StatRow } from './stat-table.ts';

const SERVER = 'server_ssl_socket_factory';
const CLIENT = 'client_ssl_socket_factory';

/** Fields of TlsStats by Envoy's names. */
export const TLS_STATS: readonly StatRow<TlsStats>[] = [
  counter('handshake', 'ssl.handshake', 'TLS handshakes that succeeded'),
  counter('connectionError', 'ssl.connection_error', 'TLS handshakes that failed'),
  counter('noCertificate', 'ssl.no_certificate', 'TLS handshakes in which the peer sent no certificate'),
  counter('sessionReused', 'ssl.session_reused', 'TLS sessions resumed'),
  counter('failVerifyNoCert', 'ssl.fail_verify_no_cert', 'Peers refused for want of a certificate'),
  counter('failVerifyError', 'ssl.fail_verify_error', 'Peers refused because nobody trusted vouches for them'),
  counter('failVerifySan', 'ssl.fail_verify_san', 'Peers refused because of their names'),
  counter('failVerifyCertHash', 'ssl.fail_verify_cert_hash', 'Peers refused because of their certificate’s hash'),
];

/** What secrets do to TLS, below the scope of a listener. */
export const SERVER_SECRET_STATS: readonly StatRow<TlsStats>[] = [
  counter('updatesBySecrets', `${SERVER}.ssl_context_update_by_sds`, 'Times that new secrets were put to use'),
  counter(
    'secretsNotReady',
    `${SERVER}.downstream_context_secrets_not_ready`,
    'Connections reset for want of a secret',
  ),
];

/** Likewise, below the scope of a cluster. */
export const CLIENT_SECRET_STATS: readonly StatRow<TlsStats>[] = [
  counter('updatesBySecrets', `${CLIENT}.ssl_context_update_by_sds`, 'Times that new secrets were put to use'),
  counter(
    'secretsNotReady',
    `${CLIENT}.upstream_context_secrets_not_ready`,
    'Connections not made for want of a secret',
  ),
];
