// Written by `node protos/generate.ts`. Do not edit.

import type { FieldConstraint } from '../json/table-types.ts';

/** Constraints of the real definitions by message and field; a required oneof stands under `oneof NAME`. */
export const CONSTRAINTS: Readonly<Record<string, Readonly<Record<string, FieldConstraint>>>> = {
  'envoy.config.accesslog.v3.AccessLogFilter': {
    'oneof filter_specifier': {"required":true},
  },
  'envoy.config.accesslog.v3.AndFilter': {
    filters: {"minItems":2},
  },
  'envoy.config.accesslog.v3.ComparisonFilter': {
    op: {"definedOnly":true},
    value: {"required":true},
  },
  'envoy.config.accesslog.v3.DurationFilter': {
    comparison: {"required":true},
  },
  'envoy.config.accesslog.v3.GrpcStatusFilter': {
    statuses: {"items":{"definedOnly":true}},
  },
  'envoy.config.accesslog.v3.HeaderFilter': {
    header: {"required":true},
  },
  'envoy.config.accesslog.v3.OrFilter': {
    filters: {"minItems":2},
  },
  'envoy.config.accesslog.v3.ResponseFlagFilter': {
    flags: {"items":{"in":["LH","UH","UT","LR","UR","UF","UC","UO","NR","DI","FI","RL","UAEX","RLSE","DC","URX","SI","IH","DPE","UMSDR","RFCF","NFCF","DT","UPE","NC","OM","DF","DO","DR"]}},
  },
  'envoy.config.accesslog.v3.RuntimeFilter': {
    runtime_key: {"minLength":1},
  },
  'envoy.config.accesslog.v3.StatusCodeFilter': {
    comparison: {"required":true},
  },
  'envoy.config.bootstrap.v3.Bootstrap': {
    stats_flush_interval: {"lt":300000,"gte":1},
    stats_flush_on_admin: {"const":true},
  },
  'envoy.config.bootstrap.v3.RuntimeLayer': {
    name: {"minLength":1},
    'oneof layer_specifier': {"required":true},
  },
  'envoy.config.cluster.v3.CircuitBreakers.Thresholds': {
    priority: {"definedOnly":true},
  },
  'envoy.config.cluster.v3.Cluster': {
    name: {"minLength":1},
    type: {"definedOnly":true},
    connect_timeout: {"gt":0},
    lb_policy: {"definedOnly":true},
    dns_refresh_rate: {"gt":1},
    dns_lookup_family: {"definedOnly":true},
    cleanup_interval: {"gt":0},
  },
  'envoy.config.cluster.v3.Cluster.CommonLbConfig.ConsistentHashingLbConfig': {
    hash_balance_factor: {"gte":100},
  },
  'envoy.config.cluster.v3.Cluster.LbSubsetConfig': {
    fallback_policy: {"definedOnly":true},
    metadata_fallback_policy: {"definedOnly":true},
  },
  'envoy.config.cluster.v3.Cluster.LbSubsetConfig.LbSubsetSelector': {
    fallback_policy: {"definedOnly":true},
  },
  'envoy.config.cluster.v3.Cluster.LeastRequestLbConfig': {
    choice_count: {"gte":2},
  },
  'envoy.config.cluster.v3.Cluster.MaglevLbConfig': {
    table_size: {"lte":5000011},
  },
  'envoy.config.cluster.v3.Cluster.OriginalDstLbConfig': {
    upstream_port_override: {"lte":65535},
  },
  'envoy.config.cluster.v3.Cluster.PreconnectPolicy': {
    per_upstream_preconnect_ratio: {"lte":3,"gte":1},
    predictive_preconnect_ratio: {"lte":3,"gte":1},
  },
  'envoy.config.cluster.v3.Cluster.RefreshRate': {
    base_interval: {"required":true,"gt":1},
    max_interval: {"gt":1},
  },
  'envoy.config.cluster.v3.Cluster.RingHashLbConfig': {
    minimum_ring_size: {"lte":8388608},
    hash_function: {"definedOnly":true},
    maximum_ring_size: {"lte":8388608},
  },
  'envoy.config.cluster.v3.Cluster.TransportSocketMatch': {
    name: {"minLength":1},
  },
  'envoy.config.cluster.v3.OutlierDetection': {
    interval: {"gt":0},
    base_ejection_time: {"gt":0},
    max_ejection_percent: {"lte":100},
    enforcing_consecutive_5xx: {"lte":100},
    enforcing_success_rate: {"lte":100},
    enforcing_consecutive_gateway_failure: {"lte":100},
    enforcing_consecutive_local_origin_failure: {"lte":100},
    enforcing_local_origin_success_rate: {"lte":100},
    failure_percentage_threshold: {"lte":100},
    enforcing_failure_percentage: {"lte":100},
    enforcing_failure_percentage_local_origin: {"lte":100},
    max_ejection_time: {"gt":0},
  },
  'envoy.config.common.mutation_rules.v3.HeaderMutation': {
    remove: {"header":"HTTP_HEADER_VALUE"},
    'oneof action': {"required":true},
  },
  'envoy.config.core.v3.Address': {
    'oneof address': {"required":true},
  },
  'envoy.config.core.v3.ApiConfigSource': {
    api_type: {"definedOnly":true},
    transport_api_version: {"definedOnly":true},
  },
  'envoy.config.core.v3.BackoffStrategy': {
    base_interval: {"required":true,"gte":1},
    max_interval: {"gt":0},
  },
  'envoy.config.core.v3.CidrRange': {
    address_prefix: {"minLength":1},
    prefix_len: {"lte":128},
  },
  'envoy.config.core.v3.ConfigSource': {
    resource_api_version: {"definedOnly":true},
    'oneof config_source_specifier': {"required":true},
  },
  'envoy.config.core.v3.DataSource': {
    filename: {"minLength":1},
    environment_variable: {"minLength":1},
    'oneof specifier': {"required":true},
  },
  'envoy.config.core.v3.GrpcService': {
    'oneof target_specifier': {"required":true},
  },
  'envoy.config.core.v3.GrpcService.EnvoyGrpc': {
    cluster_name: {"minLength":1},
    authority: {"minLength":0,"maxBytes":16384,"header":"HTTP_HEADER_VALUE"},
  },
  'envoy.config.core.v3.HeaderValue': {
    key: {"minLength":1,"maxBytes":16384,"header":"HTTP_HEADER_NAME"},
    value: {"maxBytes":16384,"header":"HTTP_HEADER_VALUE"},
    raw_value: {"minLength":0,"maxLength":16384},
  },
  'envoy.config.core.v3.HeaderValueOption': {
    header: {"required":true},
    append_action: {"definedOnly":true},
  },
  'envoy.config.core.v3.HealthCheck': {
    timeout: {"required":true,"gt":0},
    interval: {"required":true,"gt":0},
    unhealthy_threshold: {"required":true},
    healthy_threshold: {"required":true},
    no_traffic_interval: {"gt":0},
    no_traffic_healthy_interval: {"gt":0},
    unhealthy_interval: {"gt":0},
    unhealthy_edge_interval: {"gt":0},
    healthy_edge_interval: {"gt":0},
    'oneof health_checker': {"required":true},
  },
  'envoy.config.core.v3.HealthCheck.GrpcHealthCheck': {
    authority: {"header":"HTTP_HEADER_VALUE"},
    initial_metadata: {"maxItems":1000},
  },
  'envoy.config.core.v3.HealthCheck.HttpHealthCheck': {
    host: {"header":"HTTP_HEADER_VALUE"},
    path: {"minLength":1,"header":"HTTP_HEADER_VALUE"},
    response_buffer_size: {"gte":0},
    request_headers_to_add: {"maxItems":1000},
    request_headers_to_remove: {"items":{"header":"HTTP_HEADER_NAME"}},
    codec_client_type: {"definedOnly":true},
    method: {"definedOnly":true,"notIn":6},
  },
  'envoy.config.core.v3.HealthCheck.Payload': {
    text: {"minLength":1},
    'oneof payload': {"required":true},
  },
  'envoy.config.core.v3.HealthStatusSet': {
    statuses: {"items":{"definedOnly":true}},
  },
  'envoy.config.core.v3.Http1ProtocolOptions.HeaderKeyFormat': {
    'oneof header_format': {"required":true},
  },
  'envoy.config.core.v3.Http2ProtocolOptions': {
    max_concurrent_streams: {"lte":2147483647,"gte":1},
    initial_stream_window_size: {"lte":2147483647,"gte":65535},
    initial_connection_window_size: {"lte":2147483647,"gte":65535},
    max_outbound_frames: {"gte":1},
    max_outbound_control_frames: {"gte":1},
    max_inbound_window_update_frames_per_data_frame_sent: {"gte":1},
  },
  'envoy.config.core.v3.HttpProtocolOptions': {
    max_headers_count: {"gte":1},
  },
  'envoy.config.core.v3.KeepaliveSettings': {
    interval: {"gte":1},
    timeout: {"required":true,"gte":1},
    connection_idle_interval: {"gte":1},
  },
  'envoy.config.core.v3.Metadata': {
    filter_metadata: {"keys":{"minLength":1}},
    typed_filter_metadata: {"keys":{"minLength":1}},
  },
  'envoy.config.core.v3.PathConfigSource': {
    path: {"minLength":1},
  },
  'envoy.config.core.v3.Pipe': {
    path: {"minLength":1},
    mode: {"lte":511},
  },
  'envoy.config.core.v3.RateLimitSettings': {
    fill_rate: {"gt":0},
  },
  'envoy.config.core.v3.RuntimeDouble': {
    runtime_key: {"minLength":1},
  },
  'envoy.config.core.v3.RuntimeFeatureFlag': {
    default_value: {"required":true},
    runtime_key: {"minLength":1},
  },
  'envoy.config.core.v3.RuntimeFractionalPercent': {
    default_value: {"required":true},
  },
  'envoy.config.core.v3.RuntimePercent': {
    runtime_key: {"minLength":1},
  },
  'envoy.config.core.v3.RuntimeUInt32': {
    runtime_key: {"minLength":1},
  },
  'envoy.config.core.v3.SchemeHeaderTransformation': {
    scheme_to_overwrite: {"in":["http","https"]},
  },
  'envoy.config.core.v3.SelfConfigSource': {
    transport_api_version: {"definedOnly":true},
  },
  'envoy.config.core.v3.SocketAddress': {
    protocol: {"definedOnly":true},
    address: {"minLength":1},
    port_value: {"lte":65535},
    'oneof port_specifier': {"required":true},
  },
  'envoy.config.core.v3.SocketOption': {
    state: {"definedOnly":true},
    'oneof value': {"required":true},
  },
  'envoy.config.core.v3.SubstitutionFormatString': {
    json_format: {"required":true},
    content_type: {"header":"HTTP_HEADER_VALUE"},
    'oneof format': {"required":true},
  },
  'envoy.config.core.v3.TransportSocket': {
    name: {"minLength":1},
  },
  'envoy.config.core.v3.TypedExtensionConfig': {
    name: {"minLength":1},
    typed_config: {"required":true},
  },
  'envoy.config.core.v3.UpstreamHttpProtocolOptions': {
    override_auto_sni_header: {"header":"HTTP_HEADER_NAME","ignoreEmpty":true},
  },
  'envoy.config.core.v3.WatchedDirectory': {
    path: {"minLength":1},
  },
  'envoy.config.endpoint.v3.ClusterLoadAssignment': {
    cluster_name: {"minLength":1},
  },
  'envoy.config.endpoint.v3.ClusterLoadAssignment.Policy': {
    overprovisioning_factor: {"gt":0},
    endpoint_stale_after: {"gt":0},
  },
  'envoy.config.endpoint.v3.ClusterLoadAssignment.Policy.DropOverload': {
    category: {"minLength":1},
  },
  'envoy.config.endpoint.v3.ClusterStats': {
    cluster_name: {"minLength":1},
    upstream_locality_stats: {"minItems":1},
  },
  'envoy.config.endpoint.v3.ClusterStats.DroppedRequests': {
    category: {"minLength":1},
  },
  'envoy.config.endpoint.v3.Endpoint.HealthCheckConfig': {
    port_value: {"lte":65535},
  },
  'envoy.config.endpoint.v3.LbEndpoint': {
    load_balancing_weight: {"gte":1},
  },
  'envoy.config.endpoint.v3.LocalityLbEndpoints': {
    load_balancing_weight: {"gte":1},
    priority: {"lte":128},
  },
  'envoy.config.listener.v3.Filter': {
    name: {"minLength":1},
  },
  'envoy.config.listener.v3.FilterChainMatch': {
    destination_port: {"lte":65535,"gte":1},
    source_type: {"definedOnly":true},
    source_ports: {"items":{"lte":65535,"gte":1}},
  },
  'envoy.config.listener.v3.ListenerFilter': {
    name: {"minLength":1},
  },
  'envoy.config.listener.v3.ListenerFilterChainMatchPredicate': {
    any_match: {"const":true},
    'oneof rule': {"required":true},
  },
  'envoy.config.listener.v3.ListenerFilterChainMatchPredicate.MatchSet': {
    rules: {"minItems":2},
  },
  'envoy.config.metrics.v3.HistogramBucketSettings': {
    match: {"required":true},
    buckets: {"minItems":1,"unique":true,"items":{"gt":0}},
  },
  'envoy.config.metrics.v3.StatsMatcher': {
    'oneof stats_matcher': {"required":true},
  },
  'envoy.config.metrics.v3.TagSpecifier': {
    regex: {"maxBytes":1024},
  },
  'envoy.config.rbac.v3.Permission': {
    any: {"const":true},
    destination_port: {"lte":65535},
    'oneof rule': {"required":true},
  },
  'envoy.config.rbac.v3.Permission.Set': {
    rules: {"minItems":1},
  },
  'envoy.config.rbac.v3.Policy': {
    permissions: {"minItems":1},
    principals: {"minItems":1},
  },
  'envoy.config.rbac.v3.Principal': {
    any: {"const":true},
    'oneof identifier': {"required":true},
  },
  'envoy.config.rbac.v3.Principal.Set': {
    ids: {"minItems":1},
  },
  'envoy.config.rbac.v3.RBAC': {
    action: {"definedOnly":true},
  },
  'envoy.config.route.v3.Decorator': {
    operation: {"minLength":1},
  },
  'envoy.config.route.v3.DirectResponseAction': {
    status: {"lt":600,"gte":200},
  },
  'envoy.config.route.v3.HeaderMatcher': {
    name: {"minLength":1,"header":"HTTP_HEADER_NAME"},
  },
  'envoy.config.route.v3.HedgePolicy': {
    initial_requests: {"gte":1},
  },
  'envoy.config.route.v3.InternalRedirectPolicy': {
    redirect_response_codes: {"maxItems":5},
    response_headers_to_copy: {"unique":true,"items":{"header":"HTTP_HEADER_NAME"}},
  },
  'envoy.config.route.v3.QueryParameterMatcher': {
    name: {"minLength":1,"maxBytes":1024},
    string_match: {"required":true},
  },
  'envoy.config.route.v3.RateLimit': {
    stage: {"lte":10},
    actions: {"minItems":1},
  },
  'envoy.config.route.v3.RateLimit.Action': {
    'oneof action_specifier': {"required":true},
  },
  'envoy.config.route.v3.RateLimit.Action.GenericKey': {
    descriptor_value: {"minLength":1},
  },
  'envoy.config.route.v3.RateLimit.Action.HeaderValueMatch': {
    descriptor_value: {"minLength":1},
    headers: {"minItems":1},
  },
  'envoy.config.route.v3.RateLimit.Action.MaskedRemoteAddress': {
    v4_prefix_mask_len: {"lte":32},
    v6_prefix_mask_len: {"lte":128},
  },
  'envoy.config.route.v3.RateLimit.Action.QueryParameterValueMatch': {
    descriptor_value: {"minLength":1},
    query_parameters: {"minItems":1},
  },
  'envoy.config.route.v3.RateLimit.Action.RequestHeaders': {
    header_name: {"minLength":1,"header":"HTTP_HEADER_NAME"},
    descriptor_key: {"minLength":1},
  },
  'envoy.config.route.v3.RedirectAction': {
    host_redirect: {"header":"HTTP_HEADER_VALUE"},
    path_redirect: {"header":"HTTP_HEADER_VALUE"},
    prefix_rewrite: {"header":"HTTP_HEADER_VALUE"},
    response_code: {"definedOnly":true},
  },
  'envoy.config.route.v3.RetryPolicy.RateLimitedRetryBackOff': {
    reset_headers: {"minItems":1},
    max_interval: {"gt":0},
  },
  'envoy.config.route.v3.RetryPolicy.ResetHeader': {
    name: {"minLength":1,"header":"HTTP_HEADER_NAME"},
    format: {"definedOnly":true},
  },
  'envoy.config.route.v3.RetryPolicy.RetryBackOff': {
    base_interval: {"required":true,"gt":0},
    max_interval: {"gt":0},
  },
  'envoy.config.route.v3.RetryPolicy.RetryHostPredicate': {
    name: {"minLength":1},
  },
  'envoy.config.route.v3.RetryPolicy.RetryPriority': {
    name: {"minLength":1},
  },
  'envoy.config.route.v3.Route': {
    match: {"required":true},
    request_headers_to_add: {"maxItems":1000},
    request_headers_to_remove: {"items":{"minLength":1,"header":"HTTP_HEADER_NAME"}},
    response_headers_to_add: {"maxItems":1000},
    response_headers_to_remove: {"items":{"minLength":1,"header":"HTTP_HEADER_NAME"}},
    'oneof action': {"required":true},
  },
  'envoy.config.route.v3.RouteAction': {
    cluster: {"minLength":1},
    cluster_header: {"minLength":1,"header":"HTTP_HEADER_NAME"},
    cluster_not_found_response_code: {"definedOnly":true},
    prefix_rewrite: {"header":"HTTP_HEADER_VALUE"},
    host_rewrite_literal: {"header":"HTTP_HEADER_VALUE"},
    host_rewrite_header: {"header":"HTTP_HEADER_NAME"},
    priority: {"definedOnly":true},
    'oneof cluster_specifier': {"required":true},
  },
  'envoy.config.route.v3.RouteAction.HashPolicy': {
    'oneof policy_specifier': {"required":true},
  },
  'envoy.config.route.v3.RouteAction.HashPolicy.Cookie': {
    name: {"minLength":1},
  },
  'envoy.config.route.v3.RouteAction.HashPolicy.CookieAttribute': {
    name: {"minLength":1,"maxBytes":16384,"header":"HTTP_HEADER_NAME"},
    value: {"maxBytes":16384,"header":"HTTP_HEADER_VALUE"},
  },
  'envoy.config.route.v3.RouteAction.HashPolicy.Header': {
    header_name: {"minLength":1,"header":"HTTP_HEADER_NAME"},
  },
  'envoy.config.route.v3.RouteAction.HashPolicy.QueryParameter': {
    name: {"minLength":1},
  },
  'envoy.config.route.v3.RouteAction.RequestMirrorPolicy': {
    cluster_header: {"header":"HTTP_HEADER_NAME"},
  },
  'envoy.config.route.v3.RouteAction.UpgradeConfig': {
    upgrade_type: {"minLength":1,"header":"HTTP_HEADER_VALUE"},
  },
  'envoy.config.route.v3.RouteConfiguration': {
    internal_only_headers: {"items":{"header":"HTTP_HEADER_NAME"}},
    response_headers_to_add: {"maxItems":1000},
    response_headers_to_remove: {"items":{"header":"HTTP_HEADER_NAME"}},
    request_headers_to_add: {"maxItems":1000},
    request_headers_to_remove: {"items":{"header":"HTTP_HEADER_NAME"}},
  },
  'envoy.config.route.v3.RouteMatch': {
    safe_regex: {"required":true},
    path_separated_prefix: {"pattern":"^[^?#]+[^?#/]$"},
    'oneof path_specifier': {"required":true},
  },
  'envoy.config.route.v3.VirtualCluster': {
    name: {"minLength":1},
  },
  'envoy.config.route.v3.VirtualHost': {
    name: {"minLength":1},
    domains: {"minItems":1,"items":{"header":"HTTP_HEADER_VALUE"}},
    require_tls: {"definedOnly":true},
    request_headers_to_add: {"maxItems":1000},
    request_headers_to_remove: {"items":{"minLength":1,"header":"HTTP_HEADER_NAME"}},
    response_headers_to_add: {"maxItems":1000},
    response_headers_to_remove: {"items":{"minLength":1,"header":"HTTP_HEADER_NAME"}},
  },
  'envoy.config.route.v3.WeightedCluster': {
    clusters: {"minItems":1},
    header_name: {"header":"HTTP_HEADER_NAME"},
  },
  'envoy.config.route.v3.WeightedCluster.ClusterWeight': {
    cluster_header: {"header":"HTTP_HEADER_NAME"},
    request_headers_to_add: {"maxItems":1000},
    request_headers_to_remove: {"items":{"header":"HTTP_HEADER_NAME"}},
    response_headers_to_add: {"maxItems":1000},
    response_headers_to_remove: {"items":{"header":"HTTP_HEADER_NAME"}},
    host_rewrite_literal: {"header":"HTTP_HEADER_VALUE"},
  },
  'envoy.data.dns.v3.DnsTable': {
    external_retry_count: {"lte":3},
  },
  'envoy.data.dns.v3.DnsTable.AddressList': {
    address: {"minItems":1,"items":{"minLength":3}},
  },
  'envoy.data.dns.v3.DnsTable.DnsEndpoint': {
    'oneof endpoint_config': {"required":true},
  },
  'envoy.data.dns.v3.DnsTable.DnsService': {
    service_name: {"minLength":1,"header":"HTTP_HEADER_NAME"},
    ttl: {"gte":1000},
    targets: {"minItems":1},
  },
  'envoy.data.dns.v3.DnsTable.DnsServiceList': {
    services: {"minItems":1},
  },
  'envoy.data.dns.v3.DnsTable.DnsServiceProtocol': {
    number: {"lt":255},
    name: {"minLength":1,"header":"HTTP_HEADER_NAME"},
    'oneof protocol_config': {"required":true},
  },
  'envoy.data.dns.v3.DnsTable.DnsServiceTarget': {
    host_name: {"minLength":1,"header":"HTTP_HEADER_NAME"},
    cluster_name: {"minLength":1,"header":"HTTP_HEADER_NAME"},
    priority: {"lt":65536},
    weight: {"lt":65536},
    port: {"lt":65536},
    'oneof endpoint_type': {"required":true},
  },
  'envoy.data.dns.v3.DnsTable.DnsVirtualDomain': {
    name: {"minLength":1,"header":"HTTP_HEADER_NAME"},
    answer_ttl: {"gte":30000},
  },
  'envoy.extensions.access_loggers.file.v3.FileAccessLog': {
    path: {"minLength":1},
    log_format: {"required":true},
  },
  'envoy.extensions.access_loggers.stream.v3.StderrAccessLog': {
    log_format: {"required":true},
  },
  'envoy.extensions.access_loggers.stream.v3.StdoutAccessLog': {
    log_format: {"required":true},
  },
  'envoy.extensions.common.ratelimit.v3.LocalRateLimitDescriptor': {
    entries: {"minItems":1},
    token_bucket: {"required":true},
  },
  'envoy.extensions.common.ratelimit.v3.RateLimitDescriptor': {
    entries: {"minItems":1},
  },
  'envoy.extensions.common.ratelimit.v3.RateLimitDescriptor.Entry': {
    key: {"minLength":1},
    value: {"minLength":1},
  },
  'envoy.extensions.filters.common.fault.v3.FaultDelay': {
    fixed_delay: {"gt":0},
    'oneof fault_delay_secifier': {"required":true},
  },
  'envoy.extensions.filters.common.fault.v3.FaultRateLimit': {
    'oneof limit_type': {"required":true},
  },
  'envoy.extensions.filters.common.fault.v3.FaultRateLimit.FixedLimit': {
    limit_kbps: {"gte":1},
  },
  'envoy.extensions.filters.http.fault.v3.FaultAbort': {
    http_status: {"lt":600,"gte":200},
    'oneof error_type': {"required":true},
  },
  'envoy.extensions.filters.http.health_check.v3.HealthCheck': {
    pass_through_mode: {"required":true},
  },
  'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit': {
    stat_prefix: {"minLength":1},
    request_headers_to_add_when_not_enforced: {"maxItems":10},
    response_headers_to_add: {"maxItems":10},
    stage: {"lte":10},
    enable_x_ratelimit_headers: {"definedOnly":true},
    vh_rate_limits: {"definedOnly":true},
  },
  'envoy.extensions.filters.http.on_demand.v3.OnDemandCds': {
    source: {"required":true},
  },
  'envoy.extensions.filters.http.router.v3.Router': {
    strict_check_headers: {"items":{"in":["x-envoy-upstream-rq-timeout-ms","x-envoy-upstream-rq-per-try-timeout-ms","x-envoy-max-retries","x-envoy-retry-grpc-on","x-envoy-retry-on"]}},
  },
  'envoy.extensions.filters.http.stateful_session.v3.StatefulSessionPerRoute': {
    disabled: {"const":true},
    'oneof override': {"required":true},
  },
  'envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector': {
    initial_read_buffer_size: {"lt":65537,"gt":255},
  },
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager': {
    codec_type: {"definedOnly":true},
    stat_prefix: {"minLength":1},
    server_name: {"header":"HTTP_HEADER_VALUE"},
    server_header_transformation: {"definedOnly":true},
    max_request_headers_kb: {"lte":8192,"gt":0},
    request_headers_timeout: {"gte":0},
    via: {"header":"HTTP_HEADER_VALUE"},
    forward_client_cert_details: {"definedOnly":true},
    'oneof route_specifier': {"required":true},
  },
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.HcmAccessLogOptions': {
    access_log_flush_interval: {"gte":1},
  },
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter': {
    name: {"minLength":1},
  },
  'envoy.extensions.filters.network.http_connection_manager.v3.Rds': {
    config_source: {"required":true},
  },
  'envoy.extensions.filters.network.http_connection_manager.v3.ResponseMapper': {
    filter: {"required":true},
    status_code: {"lt":600,"gte":200},
    headers_to_add: {"maxItems":1000},
  },
  'envoy.extensions.filters.network.rbac.v3.RBAC': {
    stat_prefix: {"minLength":1},
  },
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy': {
    stat_prefix: {"minLength":1},
    max_connect_attempts: {"gte":1},
    hash_policy: {"maxItems":1},
    max_downstream_connection_duration: {"gte":1},
    'oneof cluster_specifier': {"required":true},
  },
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.TcpAccessLogOptions': {
    access_log_flush_interval: {"gte":1},
  },
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.WeightedCluster': {
    clusters: {"minItems":1},
  },
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.WeightedCluster.ClusterWeight': {
    name: {"minLength":1},
    weight: {"gte":1},
  },
  'envoy.extensions.filters.udp.dns_filter.v3.DnsFilterConfig': {
    stat_prefix: {"minLength":1},
  },
  'envoy.extensions.filters.udp.dns_filter.v3.DnsFilterConfig.ClientContextConfig': {
    resolver_timeout: {"gte":1000},
    max_pending_lookups: {"gte":1},
  },
  'envoy.extensions.filters.udp.dns_filter.v3.DnsFilterConfig.ServerContextConfig': {
    'oneof config_source': {"required":true},
  },
  'envoy.extensions.http.stateful_session.cookie.v3.CookieBasedSessionState': {
    cookie: {"required":true},
  },
  'envoy.extensions.http.stateful_session.header.v3.HeaderBasedSessionState': {
    name: {"minLength":1},
  },
  'envoy.extensions.load_balancing_policies.common.v3.ConsistentHashingLbConfig': {
    hash_balance_factor: {"gte":100},
  },
  'envoy.extensions.load_balancing_policies.common.v3.LocalityLbConfig': {
    'oneof locality_config_specifier': {"required":true},
  },
  'envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest': {
    choice_count: {"gte":2},
    selection_method: {"definedOnly":true},
  },
  'envoy.extensions.load_balancing_policies.maglev.v3.Maglev': {
    table_size: {"lte":5000011},
  },
  'envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash': {
    hash_function: {"definedOnly":true},
    minimum_ring_size: {"lte":8388608,"gte":1},
    maximum_ring_size: {"lte":8388608},
  },
  'envoy.extensions.load_balancing_policies.wrr_locality.v3.WrrLocality': {
    endpoint_picking_policy: {"required":true},
  },
  'envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig': {
    resolvers: {"minItems":1},
  },
  'envoy.extensions.rate_limit_descriptors.expr.v3.Descriptor': {
    descriptor_key: {"minLength":1},
    text: {"minLength":1},
  },
  'envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig': {
    update_frequency: {"gt":0},
  },
  'envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport': {
    transport_socket: {"required":true},
  },
  'envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext': {
    verify_certificate_spki: {"items":{"minLength":44,"maxBytes":44}},
    verify_certificate_hash: {"items":{"minLength":64,"maxBytes":95}},
    trust_chain_verification: {"definedOnly":true},
    max_verify_depth: {"lte":100},
  },
  'envoy.extensions.transport_sockets.tls.v3.CommonTlsContext.CombinedCertificateValidationContext': {
    default_validation_context: {"required":true},
    validation_context_sds_secret_config: {"required":true},
  },
  'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext': {
    session_timeout: {"lt":4294967296000,"gte":0},
  },
  'envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig': {
    name: {"minLength":1},
  },
  'envoy.extensions.transport_sockets.tls.v3.SubjectAltNameMatcher': {
    san_type: {"definedOnly":true,"notIn":0},
    matcher: {"required":true},
  },
  'envoy.extensions.transport_sockets.tls.v3.TlsParameters': {
    tls_minimum_protocol_version: {"definedOnly":true},
    tls_maximum_protocol_version: {"definedOnly":true},
  },
  'envoy.extensions.transport_sockets.tls.v3.TlsSessionTicketKeys': {
    keys: {"minItems":1},
  },
  'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext': {
    sni: {"maxBytes":255},
  },
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
    'oneof upstream_protocol_options': {"required":true},
  },
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions.ExplicitHttpConfig': {
    'oneof protocol_config': {"required":true},
  },
  'envoy.type.http.v3.Cookie': {
    name: {"minLength":1},
    ttl: {"gte":0},
  },
  'envoy.type.matcher.v3.DoubleMatcher': {
    'oneof match_pattern': {"required":true},
  },
  'envoy.type.matcher.v3.ListMatcher': {
    'oneof match_pattern': {"required":true},
  },
  'envoy.type.matcher.v3.ListStringMatcher': {
    patterns: {"minItems":1},
  },
  'envoy.type.matcher.v3.MetadataMatcher': {
    filter: {"minLength":1},
    path: {"minItems":1},
    value: {"required":true},
  },
  'envoy.type.matcher.v3.MetadataMatcher.PathSegment': {
    key: {"minLength":1},
    'oneof segment': {"required":true},
  },
  'envoy.type.matcher.v3.PathMatcher': {
    path: {"required":true},
    'oneof rule': {"required":true},
  },
  'envoy.type.matcher.v3.RegexMatchAndSubstitute': {
    pattern: {"required":true},
    substitution: {"header":"HTTP_HEADER_VALUE"},
  },
  'envoy.type.matcher.v3.RegexMatcher': {
    regex: {"minLength":1},
  },
  'envoy.type.matcher.v3.StringMatcher': {
    prefix: {"minLength":1},
    suffix: {"minLength":1},
    safe_regex: {"required":true},
    contains: {"minLength":1},
    'oneof match_pattern': {"required":true},
  },
  'envoy.type.matcher.v3.StructMatcher': {
    path: {"minItems":1},
    value: {"required":true},
  },
  'envoy.type.matcher.v3.StructMatcher.PathSegment': {
    key: {"minLength":1},
    'oneof segment': {"required":true},
  },
  'envoy.type.matcher.v3.ValueMatcher': {
    'oneof match_pattern': {"required":true},
  },
  'envoy.type.metadata.v3.MetadataKey': {
    key: {"minLength":1},
    path: {"minItems":1},
  },
  'envoy.type.metadata.v3.MetadataKey.PathSegment': {
    key: {"minLength":1},
    'oneof segment': {"required":true},
  },
  'envoy.type.metadata.v3.MetadataKind': {
    'oneof kind': {"required":true},
  },
  'envoy.type.tracing.v3.CustomTag': {
    tag: {"minLength":1},
    'oneof type': {"required":true},
  },
  'envoy.type.tracing.v3.CustomTag.Environment': {
    name: {"minLength":1},
  },
  'envoy.type.tracing.v3.CustomTag.Header': {
    name: {"minLength":1,"header":"HTTP_HEADER_NAME"},
  },
  'envoy.type.tracing.v3.CustomTag.Literal': {
    value: {"minLength":1},
  },
  'envoy.type.v3.FractionalPercent': {
    denominator: {"definedOnly":true},
  },
  'envoy.type.v3.HashPolicy': {
    'oneof policy_specifier': {"required":true},
  },
  'envoy.type.v3.HttpStatus': {
    code: {"definedOnly":true,"notIn":0},
  },
  'envoy.type.v3.Percent': {
    value: {"lte":100,"gte":0},
  },
  'envoy.type.v3.TokenBucket': {
    max_tokens: {"gt":0},
    tokens_per_fill: {"gt":0},
    fill_interval: {"required":true,"gt":0},
  },
};
