/**
 * What an application speaks on its port, in the words of both sides: `http` is HTTP/1.1, `auto` is whatever the client
 * speaks, HTTP or not (outrider.agent.v1.Identity.protocol).
 */
export const APPLICATION_PROTOCOLS = ['auto', 'http', 'http2', 'grpc', 'tcp'] as const;

/** One of them. */
export type ApplicationProtocol = (typeof APPLICATION_PROTOCOLS)[number];
