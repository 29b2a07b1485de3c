/**
 * The static cluster by which a bootstrap leads to the control plane.
 */
import { type JsonObject, written } from './resource.ts';

/** Its name. */
export const CONTROL_PLANE_CLUSTER = 'outrider-control-plane';

const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const TLS_CONTEXT = 'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext';

/** Where a gRPC server is. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** A name in a certificate. */
export interface ServerName {
  readonly kind: 'dns' | 'ip';
  readonly value: string;
}

/** Where it is, how its client verifies it (null: plaintext), and what certificate the client shows (null: none). */
export interface ControlPlaneEndpoint {
  readonly host: string;
  readonly port: number;
  /** More of them: the one that leads answers. */
  readonly others?: readonly ServerAddress[];
  /** A file of authorities, or themselves (null: the system's), and the name in the certificate (null: any). */
  readonly trust: {
    readonly authorities: string | { readonly pem: string } | null;
    readonly name: ServerName | null;
    /** Others of `others`. */
    readonly otherNames?: readonly ServerName[];
  } | null;
  /** Files. */
  readonly certificate: { readonly chain: string; readonly key: string } | null;
}

/** The cluster. */
export function controlPlaneCluster(endpoint: ControlPlaneEndpoint): JsonObject {
  const { host, port, others = [], trust } = endpoint;
  const all = [{ host, port }, ...others];
  const addresses = all.map((each) => ({ socket_address: { address: each.host, port_value: each.port } }));
  const type = all.every((each) => /^[\d.]+$|:/.test(each.host)) ? 'STATIC' : 'STRICT_DNS';
  return cluster(type, addresses, trust === null ? {} : { transport_socket: tlsSocket({ ...endpoint, trust }) });
}

/** The same over a socket file. */
export function localControlPlaneCluster(path: string): JsonObject {
  return cluster('STATIC', [{ pipe: { path } }], {});
}

function cluster(type: string, addresses: readonly JsonObject[], more: JsonObject): JsonObject {
  return {
    name: CONTROL_PLANE_CLUSTER,
    type,
    connect_timeout: '1s',
    load_assignment: {
      cluster_name: CONTROL_PLANE_CLUSTER,
      endpoints: [{ lb_endpoints: addresses.map((address) => ({ endpoint: { address } })) }],
    },
    typed_extension_protocol_options: {
      [HTTP_OPTIONS]: {
        '@type': `type.googleapis.com/${HTTP_OPTIONS}`,
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
    ...more,
  };
}

type Verified = ControlPlaneEndpoint & { readonly trust: NonNullable<ControlPlaneEndpoint['trust']> };

/** TLS that knows whom it talks to: by an authority, and by the name in the certificate. */
function tlsSocket({ trust: { authorities, name, otherNames = [] }, certificate }: Verified): JsonObject {
  const names = (name === null ? [] : [name, ...otherNames]).map((each): JsonObject => {
    return { san_type: each.kind === 'dns' ? 'DNS' : 'IP_ADDRESS', matcher: { exact: each.value } };
  });
  const own = certificate && [
    { certificate_chain: { filename: certificate.chain }, private_key: { filename: certificate.key } },
  ];
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': `type.googleapis.com/${TLS_CONTEXT}`,
      common_tls_context: {
        validation_context: { ...trusted(authorities), match_typed_subject_alt_names: names },
        ...written({ tls_certificates: own }),
      },
      ...(name?.kind === 'dns' ? { sni: name.value } : {}),
    },
  };
}

function trusted(authorities: Verified['trust']['authorities']): JsonObject {
  if (authorities === null) return { system_root_certs: {} };
  return {
    trusted_ca: typeof authorities === 'string' ? { filename: authorities } : { inline_string: authorities.pem },
  };
}
