/**
 * Every field of an Envoy configuration that this proxy honours, by message. What is set and not listed here is refused
 * with its path, so that nothing is ever ignored in silence. An entry `field=VALUE|VALUE` honours these values only.
 *
 * Listed too, though nothing reads them: fields that change nothing here (names for people, metadata of routes, tracing
 * names while nothing is traced).
 */
import type { HonouredTable } from '../../protos/json/unhonoured.ts';
import { fields, LOAD_BALANCING } from './honoured-load-balancing.ts';

const HEADER_EDITS = [
  'request_headers_to_add',
  'request_headers_to_remove',
  'response_headers_to_add',
  'response_headers_to_remove',
];

const CORE: HonouredTable['messages'] = {
  'envoy.config.core.v3.Address': ['socket_address'],
  'envoy.config.core.v3.AggregatedConfigSource': [],
  'envoy.config.core.v3.CidrRange': ['*'],
  'envoy.config.core.v3.ConfigSource': fields(`
    ads api_config_source path_config_source initial_fetch_timeout resource_api_version=V3
  `),
  'envoy.config.core.v3.PathConfigSource': ['*'],
  'envoy.config.core.v3.WatchedDirectory': ['*'],
  'envoy.config.core.v3.DataSource': ['filename', 'inline_bytes', 'inline_string', 'environment_variable'],
  'envoy.config.core.v3.HeaderValue': ['key', 'value'],
  'envoy.config.core.v3.HeaderValueOption': ['*'],
  'envoy.config.core.v3.Locality': ['*'],
  'envoy.config.core.v3.Metadata': ['*'],
  'envoy.config.core.v3.RuntimeDouble': ['default_value'],
  'envoy.config.core.v3.RuntimeFractionalPercent': ['*'],
  'envoy.config.core.v3.RuntimeUInt32': ['*'],
  'envoy.config.core.v3.SocketAddress': ['protocol=TCP|UDP', 'address', 'port_value', 'ipv4_compat'],
  'envoy.config.core.v3.SubstitutionFormatString': ['json_format', 'text_format_source'],
  'envoy.config.core.v3.TransportSocket': ['*'],
  'envoy.config.core.v3.TypedExtensionConfig': ['*'],
  'envoy.type.matcher.v3.PathMatcher': ['*'],
  'envoy.type.matcher.v3.RegexMatchAndSubstitute': ['*'],
  'envoy.type.matcher.v3.RegexMatcher': ['*'],
  'envoy.type.matcher.v3.StringMatcher': ['*'],
  'envoy.type.v3.FractionalPercent': ['*'],
  'envoy.type.v3.HttpStatus': ['*'],
  'envoy.type.v3.Int32Range': ['*'],
  'envoy.type.v3.Int64Range': ['*'],
  'envoy.type.v3.Percent': ['*'],
  'envoy.type.v3.TokenBucket': ['*'],
};

const ROUTES: HonouredTable['messages'] = {
  'envoy.config.route.v3.RouteConfiguration': [
    ...HEADER_EDITS,
    ...fields(`
    name virtual_hosts internal_only_headers most_specific_header_mutations_wins validate_clusters
    max_direct_response_body_size_bytes ignore_port_in_host_matching metadata typed_per_filter_config
  `),
  ],
  'envoy.config.route.v3.VirtualHost': [
    ...HEADER_EDITS,
    ...fields(`
    name domains routes require_tls include_request_attempt_count include_attempt_count_in_response
    retry_policy hedge_policy per_request_buffer_limit_bytes metadata rate_limits typed_per_filter_config
  `),
  ],
  'envoy.config.route.v3.Route': [
    ...HEADER_EDITS,
    ...fields(`
    name match route redirect direct_response non_forwarding_action metadata decorator
    per_request_buffer_limit_bytes typed_per_filter_config
  `),
  ],
  'outrider.resilience.v1.RoutePolicy': fields(
    'safe_retries propagate_deadline timeout_spares_streams hedging fallbacks request_breaker',
  ),
  'outrider.resilience.v1.RequestBreaker': ['*'],
  'outrider.resilience.v1.SafeRetries': ['*'],
  'outrider.resilience.v1.Hedging': ['*'],
  'outrider.resilience.v1.Fallback': ['*'],
  'outrider.resilience.v1.StaticAnswer': ['*'],
  'outrider.resilience.v1.LastGood': ['*'],
  'envoy.config.route.v3.HedgePolicy': ['hedge_on_per_try_timeout'],
  'envoy.config.route.v3.Decorator': ['*'],
  'envoy.config.route.v3.NonForwardingAction': [],
  'envoy.config.route.v3.RouteMatch': fields(`
    prefix path safe_regex path_separated_prefix connect_matcher case_sensitive runtime_fraction headers query_parameters
    grpc
  `),
  'envoy.config.route.v3.RouteMatch.GrpcRouteMatchOptions': [],
  'envoy.config.route.v3.RouteMatch.ConnectMatcher': [],
  'envoy.config.route.v3.HeaderMatcher': ['*'],
  'envoy.config.route.v3.QueryParameterMatcher': ['name', 'string_match', 'present_match=true'],
  'envoy.config.route.v3.WeightedCluster': ['clusters'],
  'envoy.config.route.v3.WeightedCluster.ClusterWeight': [
    ...HEADER_EDITS,
    ...fields(`
    name weight metadata_match host_rewrite_literal typed_per_filter_config
  `),
  ],
  'envoy.config.route.v3.RouteAction': fields(`
    cluster cluster_header weighted_clusters cluster_not_found_response_code prefix_rewrite
    regex_rewrite host_rewrite_literal auto_host_rewrite host_rewrite_header host_rewrite_path_regex
    append_x_forwarded_host timeout idle_timeout retry_policy request_mirror_policies priority
    max_stream_duration upgrade_configs rate_limits hash_policy metadata_match hedge_policy
  `),
  'envoy.config.route.v3.RouteAction.HashPolicy': ['*'],
  'envoy.config.route.v3.RouteAction.HashPolicy.Header': ['*'],
  'envoy.config.route.v3.RouteAction.HashPolicy.Cookie': ['*'],
  'envoy.config.route.v3.RouteAction.HashPolicy.CookieAttribute': ['*'],
  'envoy.config.route.v3.RouteAction.HashPolicy.ConnectionProperties': ['*'],
  'envoy.config.route.v3.RouteAction.HashPolicy.QueryParameter': ['*'],
  'envoy.config.route.v3.RouteAction.UpgradeConfig': ['upgrade_type', 'enabled', 'connect_config'],
  'envoy.config.route.v3.RouteAction.UpgradeConfig.ConnectConfig': [],
  'envoy.config.route.v3.RouteAction.RequestMirrorPolicy': ['cluster', 'runtime_fraction'],
  'envoy.config.route.v3.RouteAction.MaxStreamDuration': ['*'],
  'envoy.config.route.v3.RetryPolicy': fields(`
    retry_on num_retries per_try_timeout per_try_idle_timeout retry_host_predicate
    host_selection_retry_max_attempts retriable_status_codes retry_back_off rate_limited_retry_back_off
    retriable_headers retriable_request_headers
  `),
  'envoy.config.route.v3.RetryPolicy.RetryHostPredicate': ['*'],
  'envoy.config.route.v3.RetryPolicy.RetryBackOff': ['*'],
  'envoy.config.route.v3.RetryPolicy.ResetHeader': ['*'],
  'envoy.config.route.v3.RetryPolicy.RateLimitedRetryBackOff': ['*'],
  'envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate': [],
  'envoy.extensions.retry.host.omit_canary_hosts.v3.OmitCanaryHostsPredicate': [],
  'envoy.extensions.retry.host.omit_host_metadata.v3.OmitHostMetadataConfig': ['*'],
  'envoy.config.route.v3.RedirectAction': ['*'],
  'envoy.config.route.v3.FilterConfig': ['*'],
  'envoy.config.route.v3.RateLimit': ['stage', 'actions'],
  'envoy.config.route.v3.RateLimit.Action': fields(`
    destination_cluster request_headers remote_address generic_key header_value_match masked_remote_address
    query_parameter_value_match extension
  `),
  'envoy.config.route.v3.RateLimit.Action.DestinationCluster': [],
  'envoy.extensions.rate_limit_descriptors.expr.v3.Descriptor': ['*'],
  'envoy.config.route.v3.RateLimit.Action.RequestHeaders': ['*'],
  'envoy.config.route.v3.RateLimit.Action.RemoteAddress': [],
  'envoy.config.route.v3.RateLimit.Action.GenericKey': ['*'],
  'envoy.config.route.v3.RateLimit.Action.HeaderValueMatch': ['*'],
  'envoy.config.route.v3.RateLimit.Action.MaskedRemoteAddress': ['*'],
  'envoy.config.route.v3.RateLimit.Action.QueryParameterValueMatch': ['*'],
  'envoy.config.route.v3.DirectResponseAction': ['*'],
};

const LISTENERS: HonouredTable['messages'] = {
  'envoy.config.listener.v3.Listener': fields(`
    name address stat_prefix filter_chains default_filter_chain per_connection_buffer_limit_bytes metadata
    drain_type=DEFAULT traffic_direction enable_reuse_port tcp_backlog_size bind_to_port=true listener_filters
    listener_filters_timeout continue_on_listener_filters_timeout udp_listener_config transparent
  `),
  'envoy.config.listener.v3.UdpListenerConfig': [],
  'envoy.extensions.filters.udp.dns_filter.v3.DnsFilterConfig': ['*'],
  'envoy.extensions.filters.udp.dns_filter.v3.DnsFilterConfig.ServerContextConfig': ['*'],
  'envoy.extensions.filters.udp.dns_filter.v3.DnsFilterConfig.ClientContextConfig': ['*'],
  'envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig': ['*'],
  'envoy.data.dns.v3.DnsTable': ['*'],
  'envoy.data.dns.v3.DnsTable.AddressList': ['*'],
  'envoy.data.dns.v3.DnsTable.DnsEndpoint': ['*'],
  'envoy.data.dns.v3.DnsTable.DnsService': ['*'],
  'envoy.data.dns.v3.DnsTable.DnsServiceList': ['*'],
  'envoy.data.dns.v3.DnsTable.DnsServiceProtocol': ['*'],
  'envoy.data.dns.v3.DnsTable.DnsServiceTarget': ['*'],
  'envoy.data.dns.v3.DnsTable.DnsVirtualDomain': ['*'],
  'envoy.config.listener.v3.FilterChain': fields(`
    name filters metadata filter_chain_match transport_socket transport_socket_connect_timeout
  `),
  'envoy.config.listener.v3.FilterChainMatch': ['*'],
  'envoy.config.listener.v3.ListenerFilter': ['name', 'typed_config'],
  'envoy.extensions.filters.listener.original_dst.v3.OriginalDst': [],
  'envoy.extensions.filters.listener.original_src.v3.OriginalSrc': ['mark'],
  'envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector': [],
  'envoy.extensions.filters.listener.http_inspector.v3.HttpInspector': [],
  'envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol': fields(`
    allow_requests_without_proxy_protocol disallowed_versions
  `),
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy': fields(`
    stat_prefix cluster weighted_clusters idle_timeout access_log max_connect_attempts
    max_downstream_connection_duration access_log_options
  `),
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.WeightedCluster': ['*'],
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.WeightedCluster.ClusterWeight': ['name', 'weight'],
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.TcpAccessLogOptions': ['*'],
  'envoy.config.listener.v3.Filter': ['*'],
  'envoy.config.accesslog.v3.AccessLog': ['name', 'filter', 'typed_config'],
  'envoy.config.accesslog.v3.AccessLogFilter': fields(`
    status_code_filter duration_filter not_health_check_filter runtime_filter and_filter or_filter header_filter
    response_flag_filter
  `),
  'envoy.config.accesslog.v3.StatusCodeFilter': ['*'],
  'envoy.config.accesslog.v3.DurationFilter': ['*'],
  'envoy.config.accesslog.v3.ComparisonFilter': ['*'],
  'envoy.config.accesslog.v3.NotHealthCheckFilter': [],
  'envoy.config.accesslog.v3.RuntimeFilter': ['runtime_key', 'percent_sampled'],
  'envoy.config.accesslog.v3.AndFilter': ['*'],
  'envoy.config.accesslog.v3.OrFilter': ['*'],
  'envoy.config.accesslog.v3.HeaderFilter': ['*'],
  'envoy.config.accesslog.v3.ResponseFlagFilter': ['*'],
  'envoy.extensions.access_loggers.file.v3.FileAccessLog': ['*'],
  'envoy.extensions.access_loggers.stream.v3.StdoutAccessLog': ['*'],
  'envoy.extensions.access_loggers.stream.v3.StderrAccessLog': ['*'],
};

const TLS: HonouredTable['messages'] = {
  'envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer': [],
  'envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport': ['config', 'transport_socket'],
  'envoy.config.core.v3.ProxyProtocolConfig': ['version'],
  'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext': fields(`
    common_tls_context require_client_certificate require_sni disable_stateless_session_resumption
    disable_stateful_session_resumption
  `),
  'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext': ['common_tls_context', 'sni', 'max_session_keys'],
  'envoy.extensions.transport_sockets.tls.v3.CommonTlsContext': fields(`
    tls_params tls_certificates tls_certificate_sds_secret_configs validation_context
    validation_context_sds_secret_config combined_validation_context alpn_protocols
  `),
  'envoy.extensions.transport_sockets.tls.v3.CommonTlsContext.CombinedCertificateValidationContext': ['*'],
  'envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig': ['*'],
  'envoy.extensions.transport_sockets.tls.v3.Secret': ['name', 'tls_certificate', 'validation_context'],
  'envoy.extensions.transport_sockets.tls.v3.TlsParameters': ['*'],
  'envoy.extensions.transport_sockets.tls.v3.TlsCertificate': ['certificate_chain', 'private_key'],
  'envoy.extensions.transport_sockets.tls.v3.SubjectAltNameMatcher': ['*'],
  'envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext': fields(`
    trusted_ca system_root_certs verify_certificate_spki verify_certificate_hash match_typed_subject_alt_names crl
    trust_chain_verification
  `),
  'envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext.SystemRootCerts': [],
};

const HTTP: HonouredTable['messages'] = {
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager': fields(`
    codec_type=AUTO|HTTP1|HTTP2 stat_prefix rds route_config http_filters common_http_protocol_options
    http_protocol_options http2_protocol_options server_name server_header_transformation
    scheme_header_transformation max_request_headers_kb stream_idle_timeout request_timeout
    request_headers_timeout drain_timeout delayed_close_timeout access_log use_remote_address
    xff_num_trusted_hops internal_address_config skip_xff_append via generate_request_id preserve_external_request_id
    always_set_request_id_in_response normalize_path merge_slashes upgrade_configs proxy_100_continue
    path_with_escaped_slashes_action strip_matching_host_port strip_any_host_port strip_trailing_host_dot
  `),
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.InternalAddressConfig': [
    'cidr_ranges',
  ],
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.UpgradeConfig': fields(`
    upgrade_type enabled
  `),
  'envoy.extensions.filters.network.http_connection_manager.v3.Rds': ['*'],
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter': fields(`
    name typed_config is_optional disabled
  `),
  'envoy.extensions.filters.http.router.v3.Router': ['dynamic_stats=true', 'suppress_envoy_headers'],
  'envoy.config.core.v3.SchemeHeaderTransformation': ['scheme_to_overwrite'],
  'envoy.config.core.v3.HttpProtocolOptions': ['*'],
  'envoy.config.core.v3.Http1ProtocolOptions': fields(`
    allow_absolute_url accept_http_10 default_host_for_http_10 enable_trailers
  `),
  'envoy.config.core.v3.Http2ProtocolOptions': fields(`
    max_concurrent_streams initial_stream_window_size initial_connection_window_size allow_connect
  `),
};

const FILTERS: HonouredTable['messages'] = {
  'envoy.extensions.filters.http.rbac.v3.RBAC': ['*'],
  'envoy.extensions.filters.http.rbac.v3.RBACPerRoute': ['*'],
  'envoy.config.rbac.v3.RBAC': ['*'],
  'envoy.config.rbac.v3.Policy': ['*'],
  'envoy.config.rbac.v3.Permission': fields(`
    and_rules or_rules any header url_path destination_ip destination_port destination_port_range not_rule
    requested_server_name
  `),
  'envoy.config.rbac.v3.Permission.Set': ['*'],
  'envoy.config.rbac.v3.Principal': fields(`
    and_ids or_ids any authenticated source_ip direct_remote_ip remote_ip header url_path not_id
  `),
  'envoy.config.rbac.v3.Principal.Set': ['*'],
  'envoy.config.rbac.v3.Principal.Authenticated': ['*'],
  'envoy.extensions.filters.http.fault.v3.HTTPFault': fields(`
    delay abort upstream_cluster headers downstream_nodes max_active_faults delay_percent_runtime
    abort_percent_runtime delay_duration_runtime abort_http_status_runtime abort_grpc_status_runtime
    max_active_faults_runtime disable_downstream_cluster_stats
  `),
  'envoy.extensions.filters.http.fault.v3.FaultAbort': ['*'],
  'envoy.extensions.filters.http.fault.v3.FaultAbort.HeaderAbort': [],
  'envoy.extensions.filters.common.fault.v3.FaultDelay': ['*'],
  'envoy.extensions.filters.common.fault.v3.FaultDelay.HeaderDelay': [],
  'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit': ['*'],
  'envoy.extensions.common.ratelimit.v3.LocalRateLimitDescriptor': ['*'],
  'envoy.extensions.common.ratelimit.v3.RateLimitDescriptor.Entry': ['*'],
  'envoy.extensions.filters.http.health_check.v3.HealthCheck': ['*'],
  'envoy.extensions.filters.http.stateful_session.v3.StatefulSession': ['*'],
  'envoy.extensions.filters.http.stateful_session.v3.StatefulSessionPerRoute': ['*'],
  'envoy.extensions.http.stateful_session.cookie.v3.CookieBasedSessionState': ['*'],
  'envoy.extensions.http.stateful_session.header.v3.HeaderBasedSessionState': ['*'],
  'envoy.type.http.v3.Cookie': ['*'],
  'envoy.extensions.filters.http.on_demand.v3.OnDemand': ['*'],
  'envoy.extensions.filters.http.on_demand.v3.OnDemandCds': ['*'],
  'envoy.extensions.filters.http.cors.v3.Cors': [],
  'envoy.extensions.filters.http.cors.v3.CorsPolicy': ['*'],
  'outrider.filters.http.v1.AdaptiveLimit': ['*'],
  'outrider.filters.http.v1.Deadline': [],
  'outrider.filters.http.v1.Quota': ['*'],
  'outrider.filters.http.v1.QuotaLimit': ['*'],
  'outrider.filters.http.v1.ExpiringFault': ['*'],
};

const CLUSTERS: HonouredTable['messages'] = {
  ...LOAD_BALANCING,
  'envoy.config.cluster.v3.Cluster': fields(`
    name alt_stat_name type=STATIC|STRICT_DNS|LOGICAL_DNS|EDS|ORIGINAL_DST eds_cluster_config connect_timeout
    per_connection_buffer_limit_bytes
    lb_policy=ROUND_ROBIN|LEAST_REQUEST|RANDOM|RING_HASH|MAGLEV|CLUSTER_PROVIDED|LOAD_BALANCING_POLICY_CONFIG
    load_assignment circuit_breakers
    typed_extension_protocol_options dns_refresh_rate respect_dns_ttl dns_lookup_family outlier_detection
    health_checks ignore_health_on_host_removal
    least_request_lb_config round_robin_lb_config ring_hash_lb_config maglev_lb_config common_lb_config
    lb_subset_config transport_socket metadata original_dst_lb_config cleanup_interval
    load_balancing_policy
  `),
  'envoy.config.cluster.v3.Cluster.EdsClusterConfig': ['*'],
  'envoy.config.cluster.v3.Cluster.OriginalDstLbConfig': ['upstream_port_override'],
  'envoy.config.cluster.v3.CircuitBreakers': ['thresholds', 'per_host_thresholds'],
  'envoy.config.cluster.v3.CircuitBreakers.Thresholds': fields(`
    priority max_connections max_pending_requests max_requests max_retries retry_budget track_remaining
  `),
  'envoy.config.cluster.v3.CircuitBreakers.Thresholds.RetryBudget': ['*'],
  'envoy.config.cluster.v3.OutlierDetection': ['*'],
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': fields(`
    common_http_protocol_options explicit_http_config use_downstream_protocol_config auto_config
  `),
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions.ExplicitHttpConfig': ['*'],
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions.UseDownstreamHttpConfig': ['*'],
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions.AutoHttpConfig': ['*'],
  // One by one, as they come to life.
  'outrider.resilience.v1.ClusterPolicy': fields(`
    max_pending_wait max_requests_per_endpoint max_pending_per_endpoint retry_budget ejection
    slow_start_successes service_breaker
  `),
  'outrider.resilience.v1.RetryBudget': ['*'],
  'outrider.resilience.v1.Ejection': ['*'],
  'outrider.resilience.v1.Breaker': ['*'],
  'envoy.config.endpoint.v3.ClusterLoadAssignment': ['cluster_name', 'endpoints', 'policy'],
  'envoy.config.endpoint.v3.ClusterLoadAssignment.Policy': ['overprovisioning_factor'],
  'envoy.config.endpoint.v3.LocalityLbEndpoints': fields(`
    locality metadata lb_endpoints load_balancing_weight priority
  `),
  'envoy.config.endpoint.v3.LbEndpoint': ['*'],
  'envoy.config.endpoint.v3.Endpoint': ['address', 'hostname', 'health_check_config'],
  'envoy.config.endpoint.v3.Endpoint.HealthCheckConfig': ['*'],
  'envoy.config.core.v3.HealthCheck': ['*'],
  'envoy.config.core.v3.HealthCheck.HttpHealthCheck': fields(`
    host path receive response_buffer_size request_headers_to_add request_headers_to_remove expected_statuses
    retriable_statuses codec_client_type=HTTP1|HTTP2 service_name_matcher method
  `),
  'envoy.config.core.v3.HealthCheck.TcpHealthCheck': ['*'],
  'envoy.config.core.v3.HealthCheck.GrpcHealthCheck': ['*'],
  'envoy.config.core.v3.HealthCheck.Payload': ['*'],
  'envoy.config.core.v3.HealthCheck.TlsOptions': ['*'],
};

const BOOTSTRAP: HonouredTable['messages'] = {
  'envoy.config.bootstrap.v3.Bootstrap': fields(`
    node static_resources dynamic_resources cluster_manager stats_flush_interval layered_runtime admin bootstrap_extensions
  `),
  'envoy.config.bootstrap.v3.ClusterManager': ['local_cluster_name'],
  'envoy.config.bootstrap.v3.Bootstrap.StaticResources': ['listeners', 'clusters', 'secrets'],
  'envoy.config.bootstrap.v3.Bootstrap.DynamicResources': ['*'],
  'envoy.config.bootstrap.v3.Admin': ['address', 'profile_path'],
  'envoy.config.bootstrap.v3.LayeredRuntime': ['*'],
  'envoy.config.bootstrap.v3.RuntimeLayer': ['*'],
  'envoy.config.bootstrap.v3.RuntimeLayer.AdminLayer': [],
  'envoy.config.core.v3.ApiConfigSource': fields(`
    api_type=GRPC|DELTA_GRPC transport_api_version=V3 grpc_services set_node_on_first_message_only
  `),
  'envoy.config.core.v3.GrpcService': ['envoy_grpc', 'initial_metadata'],
  'envoy.config.core.v3.GrpcService.EnvoyGrpc': ['cluster_name', 'authority'],
  'envoy.config.core.v3.Node': ['*'],
  'envoy.config.core.v3.BuildVersion': ['*'],
  'envoy.type.v3.SemanticVersion': ['*'],
  'outrider.agent.v1.AgentConfig': ['*'],
  'outrider.agent.v1.ApplicationCheck': ['*'],
  'outrider.agent.v1.HttpProbe': ['*'],
  'outrider.agent.v1.TcpProbe': [],
  'outrider.agent.v1.GrpcProbe': ['*'],
  'outrider.agent.v1.CommandProbe': ['*'],
  'outrider.agent.v1.Identity': ['*'],
};

/** The table. */
export const HONOURED: HonouredTable = {
  messages: { ...CORE, ...ROUTES, ...LISTENERS, ...TLS, ...HTTP, ...FILTERS, ...CLUSTERS, ...BOOTSTRAP },
  instead: {
    'envoy.config.core.v3.Address.pipe': 'use socket_address',
    'envoy.config.core.v3.HeaderValue.raw_value': 'use value',
    'envoy.config.route.v3.WeightedCluster.ClusterWeight.cluster_header': 'use name',
  },
  // It switches the filter on.
  emptyAnys: ['envoy.config.route.v3.FilterConfig.config'],
};
