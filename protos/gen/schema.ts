// Written by `node protos/generate.ts`. Do not edit.

import type { EnumRow, MessageRows } from '../json/table-types.ts';

/** Fields of every message. */
export const MESSAGE_ROWS: Readonly<Record<string, MessageRows>> = {
  'envoy.admin.v3.BootstrapConfigDump': `
1 bootstrap message:envoy.config.bootstrap.v3.Bootstrap
2 last_updated message:google.protobuf.Timestamp`,
  'envoy.admin.v3.ClusterStatus': `
1 name string
2 added_via_api bool
3 success_rate_ejection_threshold message:envoy.type.v3.Percent
4 host_statuses message:envoy.admin.v3.HostStatus repeated
5 local_origin_success_rate_ejection_threshold message:envoy.type.v3.Percent
6 circuit_breakers message:envoy.config.cluster.v3.CircuitBreakers
7 observability_name string
8 eds_service_name string`,
  'envoy.admin.v3.Clusters': `
1 cluster_statuses message:envoy.admin.v3.ClusterStatus repeated`,
  'envoy.admin.v3.ClustersConfigDump': `
1 version_info string
2 static_clusters message:envoy.admin.v3.ClustersConfigDump.StaticCluster repeated
3 dynamic_active_clusters message:envoy.admin.v3.ClustersConfigDump.DynamicCluster repeated
4 dynamic_warming_clusters message:envoy.admin.v3.ClustersConfigDump.DynamicCluster repeated`,
  'envoy.admin.v3.ClustersConfigDump.DynamicCluster': `
1 version_info string
2 cluster message:google.protobuf.Any
3 last_updated message:google.protobuf.Timestamp
4 error_state message:envoy.admin.v3.UpdateFailureState
5 client_status enum:envoy.admin.v3.ClientResourceStatus`,
  'envoy.admin.v3.ClustersConfigDump.StaticCluster': `
1 cluster message:google.protobuf.Any
2 last_updated message:google.protobuf.Timestamp`,
  'envoy.admin.v3.CommandLineOptions': `
2 concurrency uint32
3 config_path string
8 log_level string
17 drain_time message:google.protobuf.Duration`,
  'envoy.admin.v3.ConfigDump': `
1 configs message:google.protobuf.Any repeated`,
  'envoy.admin.v3.EndpointsConfigDump': `
2 static_endpoint_configs message:envoy.admin.v3.EndpointsConfigDump.StaticEndpointConfig repeated
3 dynamic_endpoint_configs message:envoy.admin.v3.EndpointsConfigDump.DynamicEndpointConfig repeated`,
  'envoy.admin.v3.EndpointsConfigDump.DynamicEndpointConfig': `
1 version_info string
2 endpoint_config message:google.protobuf.Any
3 last_updated message:google.protobuf.Timestamp
4 error_state message:envoy.admin.v3.UpdateFailureState
5 client_status enum:envoy.admin.v3.ClientResourceStatus`,
  'envoy.admin.v3.EndpointsConfigDump.StaticEndpointConfig': `
1 endpoint_config message:google.protobuf.Any
2 last_updated message:google.protobuf.Timestamp`,
  'envoy.admin.v3.HostHealthStatus': `
1 failed_active_health_check bool
2 failed_outlier_check bool
4 failed_active_degraded_check bool
5 pending_dynamic_removal bool
6 pending_active_hc bool
7 excluded_via_immediate_hc_fail bool
8 active_hc_timeout bool
3 eds_health_status enum:envoy.config.core.v3.HealthStatus`,
  'envoy.admin.v3.HostStatus': `
1 address message:envoy.config.core.v3.Address
2 stats message:envoy.admin.v3.SimpleMetric repeated
3 health_status message:envoy.admin.v3.HostHealthStatus
4 success_rate message:envoy.type.v3.Percent
5 weight uint32
6 hostname string
7 priority uint32
8 local_origin_success_rate message:envoy.type.v3.Percent
9 locality message:envoy.config.core.v3.Locality`,
  'envoy.admin.v3.ListenerStatus': `
1 name string
2 local_address message:envoy.config.core.v3.Address
3 additional_local_addresses message:envoy.config.core.v3.Address repeated`,
  'envoy.admin.v3.Listeners': `
1 listener_statuses message:envoy.admin.v3.ListenerStatus repeated`,
  'envoy.admin.v3.ListenersConfigDump': `
1 version_info string
2 static_listeners message:envoy.admin.v3.ListenersConfigDump.StaticListener repeated
3 dynamic_listeners message:envoy.admin.v3.ListenersConfigDump.DynamicListener repeated`,
  'envoy.admin.v3.ListenersConfigDump.DynamicListener': `
1 name string
2 active_state message:envoy.admin.v3.ListenersConfigDump.DynamicListenerState
3 warming_state message:envoy.admin.v3.ListenersConfigDump.DynamicListenerState
4 draining_state message:envoy.admin.v3.ListenersConfigDump.DynamicListenerState
5 error_state message:envoy.admin.v3.UpdateFailureState
6 client_status enum:envoy.admin.v3.ClientResourceStatus`,
  'envoy.admin.v3.ListenersConfigDump.DynamicListenerState': `
1 version_info string
2 listener message:google.protobuf.Any
3 last_updated message:google.protobuf.Timestamp`,
  'envoy.admin.v3.ListenersConfigDump.StaticListener': `
1 listener message:google.protobuf.Any
2 last_updated message:google.protobuf.Timestamp`,
  'envoy.admin.v3.RoutesConfigDump': `
2 static_route_configs message:envoy.admin.v3.RoutesConfigDump.StaticRouteConfig repeated
3 dynamic_route_configs message:envoy.admin.v3.RoutesConfigDump.DynamicRouteConfig repeated`,
  'envoy.admin.v3.RoutesConfigDump.DynamicRouteConfig': `
1 version_info string
2 route_config message:google.protobuf.Any
3 last_updated message:google.protobuf.Timestamp
4 error_state message:envoy.admin.v3.UpdateFailureState
5 client_status enum:envoy.admin.v3.ClientResourceStatus`,
  'envoy.admin.v3.RoutesConfigDump.StaticRouteConfig': `
1 route_config message:google.protobuf.Any
2 last_updated message:google.protobuf.Timestamp`,
  'envoy.admin.v3.SecretsConfigDump': `
1 static_secrets message:envoy.admin.v3.SecretsConfigDump.StaticSecret repeated
2 dynamic_active_secrets message:envoy.admin.v3.SecretsConfigDump.DynamicSecret repeated
3 dynamic_warming_secrets message:envoy.admin.v3.SecretsConfigDump.DynamicSecret repeated`,
  'envoy.admin.v3.SecretsConfigDump.DynamicSecret': `
1 name string
2 version_info string
3 last_updated message:google.protobuf.Timestamp
4 secret message:google.protobuf.Any
5 error_state message:envoy.admin.v3.UpdateFailureState
6 client_status enum:envoy.admin.v3.ClientResourceStatus`,
  'envoy.admin.v3.SecretsConfigDump.StaticSecret': `
1 name string
2 last_updated message:google.protobuf.Timestamp
3 secret message:google.protobuf.Any`,
  'envoy.admin.v3.ServerInfo': `
1 version string
2 state enum:envoy.admin.v3.ServerInfo.State
3 uptime_current_epoch message:google.protobuf.Duration
4 uptime_all_epochs message:google.protobuf.Duration
6 command_line_options message:envoy.admin.v3.CommandLineOptions
7 node message:envoy.config.core.v3.Node`,
  'envoy.admin.v3.SimpleMetric': `
1 type enum:envoy.admin.v3.SimpleMetric.Type
2 value uint64
3 name string`,
  'envoy.admin.v3.UpdateFailureState': `
1 failed_configuration message:google.protobuf.Any
2 last_update_attempt message:google.protobuf.Timestamp
3 details string
4 version_info string`,
  'envoy.config.accesslog.v3.AccessLog': `
1 name string
2 filter message:envoy.config.accesslog.v3.AccessLogFilter
4 typed_config message:google.protobuf.Any oneof:config_type`,
  'envoy.config.accesslog.v3.AccessLogFilter': `
1 status_code_filter message:envoy.config.accesslog.v3.StatusCodeFilter oneof:filter_specifier
2 duration_filter message:envoy.config.accesslog.v3.DurationFilter oneof:filter_specifier
3 not_health_check_filter message:envoy.config.accesslog.v3.NotHealthCheckFilter oneof:filter_specifier
4 traceable_filter message:envoy.config.accesslog.v3.TraceableFilter oneof:filter_specifier
5 runtime_filter message:envoy.config.accesslog.v3.RuntimeFilter oneof:filter_specifier
6 and_filter message:envoy.config.accesslog.v3.AndFilter oneof:filter_specifier
7 or_filter message:envoy.config.accesslog.v3.OrFilter oneof:filter_specifier
8 header_filter message:envoy.config.accesslog.v3.HeaderFilter oneof:filter_specifier
9 response_flag_filter message:envoy.config.accesslog.v3.ResponseFlagFilter oneof:filter_specifier
10 grpc_status_filter message:envoy.config.accesslog.v3.GrpcStatusFilter oneof:filter_specifier
12 metadata_filter message:envoy.config.accesslog.v3.MetadataFilter oneof:filter_specifier`,
  'envoy.config.accesslog.v3.AndFilter': `
1 filters message:envoy.config.accesslog.v3.AccessLogFilter repeated`,
  'envoy.config.accesslog.v3.ComparisonFilter': `
1 op enum:envoy.config.accesslog.v3.ComparisonFilter.Op
2 value message:envoy.config.core.v3.RuntimeUInt32`,
  'envoy.config.accesslog.v3.DurationFilter': `
1 comparison message:envoy.config.accesslog.v3.ComparisonFilter`,
  'envoy.config.accesslog.v3.GrpcStatusFilter': `
1 statuses enum:envoy.config.accesslog.v3.GrpcStatusFilter.Status repeated
2 exclude bool`,
  'envoy.config.accesslog.v3.HeaderFilter': `
1 header message:envoy.config.route.v3.HeaderMatcher`,
  'envoy.config.accesslog.v3.MetadataFilter': `
1 matcher message:envoy.type.matcher.v3.MetadataMatcher
2 match_if_key_not_found message:google.protobuf.BoolValue`,
  'envoy.config.accesslog.v3.NotHealthCheckFilter': ``,
  'envoy.config.accesslog.v3.OrFilter': `
2 filters message:envoy.config.accesslog.v3.AccessLogFilter repeated`,
  'envoy.config.accesslog.v3.ResponseFlagFilter': `
1 flags string repeated`,
  'envoy.config.accesslog.v3.RuntimeFilter': `
1 runtime_key string
2 percent_sampled message:envoy.type.v3.FractionalPercent
3 use_independent_randomness bool`,
  'envoy.config.accesslog.v3.StatusCodeFilter': `
1 comparison message:envoy.config.accesslog.v3.ComparisonFilter`,
  'envoy.config.accesslog.v3.TraceableFilter': ``,
  'envoy.config.bootstrap.v3.Admin': `
5 access_log message:envoy.config.accesslog.v3.AccessLog repeated
2 profile_path string
3 address message:envoy.config.core.v3.Address`,
  'envoy.config.bootstrap.v3.Bootstrap': `
1 node message:envoy.config.core.v3.Node
2 static_resources message:envoy.config.bootstrap.v3.Bootstrap.StaticResources
3 dynamic_resources message:envoy.config.bootstrap.v3.Bootstrap.DynamicResources
4 cluster_manager message:envoy.config.bootstrap.v3.ClusterManager
13 stats_config message:envoy.config.metrics.v3.StatsConfig
7 stats_flush_interval message:google.protobuf.Duration
29 stats_flush_on_admin bool oneof:stats_flush
17 layered_runtime message:envoy.config.bootstrap.v3.LayeredRuntime
12 admin message:envoy.config.bootstrap.v3.Admin
18 header_prefix string
21 bootstrap_extensions message:envoy.config.core.v3.TypedExtensionConfig repeated`,
  'envoy.config.bootstrap.v3.Bootstrap.DynamicResources': `
1 lds_config message:envoy.config.core.v3.ConfigSource
2 cds_config message:envoy.config.core.v3.ConfigSource
3 ads_config message:envoy.config.core.v3.ApiConfigSource`,
  'envoy.config.bootstrap.v3.Bootstrap.StaticResources': `
1 listeners message:envoy.config.listener.v3.Listener repeated
2 clusters message:envoy.config.cluster.v3.Cluster repeated
3 secrets message:envoy.extensions.transport_sockets.tls.v3.Secret repeated`,
  'envoy.config.bootstrap.v3.ClusterManager': `
1 local_cluster_name string
2 outlier_detection message:envoy.config.bootstrap.v3.ClusterManager.OutlierDetection
4 load_stats_config message:envoy.config.core.v3.ApiConfigSource`,
  'envoy.config.bootstrap.v3.ClusterManager.OutlierDetection': `
1 event_log_path string`,
  'envoy.config.bootstrap.v3.LayeredRuntime': `
1 layers message:envoy.config.bootstrap.v3.RuntimeLayer repeated`,
  'envoy.config.bootstrap.v3.RuntimeLayer': `
1 name string
2 static_layer message:google.protobuf.Struct oneof:layer_specifier
4 admin_layer message:envoy.config.bootstrap.v3.RuntimeLayer.AdminLayer oneof:layer_specifier`,
  'envoy.config.bootstrap.v3.RuntimeLayer.AdminLayer': ``,
  'envoy.config.cluster.v3.CircuitBreakers': `
1 thresholds message:envoy.config.cluster.v3.CircuitBreakers.Thresholds repeated
2 per_host_thresholds message:envoy.config.cluster.v3.CircuitBreakers.Thresholds repeated`,
  'envoy.config.cluster.v3.CircuitBreakers.Thresholds': `
1 priority enum:envoy.config.core.v3.RoutingPriority
2 max_connections message:google.protobuf.UInt32Value
3 max_pending_requests message:google.protobuf.UInt32Value
4 max_requests message:google.protobuf.UInt32Value
5 max_retries message:google.protobuf.UInt32Value
8 retry_budget message:envoy.config.cluster.v3.CircuitBreakers.Thresholds.RetryBudget
6 track_remaining bool
7 max_connection_pools message:google.protobuf.UInt32Value`,
  'envoy.config.cluster.v3.CircuitBreakers.Thresholds.RetryBudget': `
1 budget_percent message:envoy.type.v3.Percent
2 min_retry_concurrency message:google.protobuf.UInt32Value`,
  'envoy.config.cluster.v3.Cluster': `
43 transport_socket_matches message:envoy.config.cluster.v3.Cluster.TransportSocketMatch repeated
1 name string
28 alt_stat_name string
2 type enum:envoy.config.cluster.v3.Cluster.DiscoveryType oneof:cluster_discovery_type
3 eds_cluster_config message:envoy.config.cluster.v3.Cluster.EdsClusterConfig
4 connect_timeout message:google.protobuf.Duration
5 per_connection_buffer_limit_bytes message:google.protobuf.UInt32Value
6 lb_policy enum:envoy.config.cluster.v3.Cluster.LbPolicy
33 load_assignment message:envoy.config.endpoint.v3.ClusterLoadAssignment
8 health_checks message:envoy.config.core.v3.HealthCheck repeated
10 circuit_breakers message:envoy.config.cluster.v3.CircuitBreakers
36 typed_extension_protocol_options message:google.protobuf.Any map
16 dns_refresh_rate message:google.protobuf.Duration
44 dns_failure_refresh_rate message:envoy.config.cluster.v3.Cluster.RefreshRate
39 respect_dns_ttl bool
17 dns_lookup_family enum:envoy.config.cluster.v3.Cluster.DnsLookupFamily
54 wait_for_warm_on_init message:google.protobuf.BoolValue
19 outlier_detection message:envoy.config.cluster.v3.OutlierDetection
20 cleanup_interval message:google.protobuf.Duration
21 upstream_bind_config message:envoy.config.core.v3.BindConfig
22 lb_subset_config message:envoy.config.cluster.v3.Cluster.LbSubsetConfig
23 ring_hash_lb_config message:envoy.config.cluster.v3.Cluster.RingHashLbConfig oneof:lb_config
52 maglev_lb_config message:envoy.config.cluster.v3.Cluster.MaglevLbConfig oneof:lb_config
34 original_dst_lb_config message:envoy.config.cluster.v3.Cluster.OriginalDstLbConfig oneof:lb_config
37 least_request_lb_config message:envoy.config.cluster.v3.Cluster.LeastRequestLbConfig oneof:lb_config
56 round_robin_lb_config message:envoy.config.cluster.v3.Cluster.RoundRobinLbConfig oneof:lb_config
27 common_lb_config message:envoy.config.cluster.v3.Cluster.CommonLbConfig
24 transport_socket message:envoy.config.core.v3.TransportSocket
25 metadata message:envoy.config.core.v3.Metadata
30 upstream_connection_options message:envoy.config.cluster.v3.UpstreamConnectionOptions
31 close_connections_on_host_health_failure bool
32 ignore_health_on_host_removal bool
41 load_balancing_policy message:envoy.config.cluster.v3.LoadBalancingPolicy
42 lrs_server message:envoy.config.core.v3.ConfigSource
49 track_cluster_stats message:envoy.config.cluster.v3.TrackClusterStats
50 preconnect_policy message:envoy.config.cluster.v3.Cluster.PreconnectPolicy
51 connection_pool_per_downstream_connection bool`,
  'envoy.config.cluster.v3.Cluster.CommonLbConfig': `
1 healthy_panic_threshold message:envoy.type.v3.Percent
2 zone_aware_lb_config message:envoy.config.cluster.v3.Cluster.CommonLbConfig.ZoneAwareLbConfig oneof:locality_config_specifier
3 locality_weighted_lb_config message:envoy.config.cluster.v3.Cluster.CommonLbConfig.LocalityWeightedLbConfig oneof:locality_config_specifier
4 update_merge_window message:google.protobuf.Duration
5 ignore_new_hosts_until_first_hc bool
6 close_connections_on_host_set_change bool
7 consistent_hashing_lb_config message:envoy.config.cluster.v3.Cluster.CommonLbConfig.ConsistentHashingLbConfig
8 override_host_status message:envoy.config.core.v3.HealthStatusSet`,
  'envoy.config.cluster.v3.Cluster.CommonLbConfig.ConsistentHashingLbConfig': `
1 use_hostname_for_hashing bool
2 hash_balance_factor message:google.protobuf.UInt32Value`,
  'envoy.config.cluster.v3.Cluster.CommonLbConfig.LocalityWeightedLbConfig': ``,
  'envoy.config.cluster.v3.Cluster.CommonLbConfig.ZoneAwareLbConfig': `
1 routing_enabled message:envoy.type.v3.Percent
2 min_cluster_size message:google.protobuf.UInt64Value
3 fail_traffic_on_panic bool`,
  'envoy.config.cluster.v3.Cluster.EdsClusterConfig': `
1 eds_config message:envoy.config.core.v3.ConfigSource
2 service_name string`,
  'envoy.config.cluster.v3.Cluster.LbSubsetConfig': `
1 fallback_policy enum:envoy.config.cluster.v3.Cluster.LbSubsetConfig.LbSubsetFallbackPolicy
2 default_subset message:google.protobuf.Struct
3 subset_selectors message:envoy.config.cluster.v3.Cluster.LbSubsetConfig.LbSubsetSelector repeated
4 locality_weight_aware bool
5 scale_locality_weight bool
6 panic_mode_any bool
7 list_as_any bool
8 metadata_fallback_policy enum:envoy.config.cluster.v3.Cluster.LbSubsetConfig.LbSubsetMetadataFallbackPolicy`,
  'envoy.config.cluster.v3.Cluster.LbSubsetConfig.LbSubsetSelector': `
1 keys string repeated
4 single_host_per_subset bool
2 fallback_policy enum:envoy.config.cluster.v3.Cluster.LbSubsetConfig.LbSubsetSelector.LbSubsetSelectorFallbackPolicy
3 fallback_keys_subset string repeated`,
  'envoy.config.cluster.v3.Cluster.LeastRequestLbConfig': `
1 choice_count message:google.protobuf.UInt32Value
2 active_request_bias message:envoy.config.core.v3.RuntimeDouble
3 slow_start_config message:envoy.config.cluster.v3.Cluster.SlowStartConfig`,
  'envoy.config.cluster.v3.Cluster.MaglevLbConfig': `
1 table_size message:google.protobuf.UInt64Value`,
  'envoy.config.cluster.v3.Cluster.OriginalDstLbConfig': `
1 use_http_header bool
2 http_header_name string
3 upstream_port_override message:google.protobuf.UInt32Value`,
  'envoy.config.cluster.v3.Cluster.PreconnectPolicy': `
1 per_upstream_preconnect_ratio message:google.protobuf.DoubleValue
2 predictive_preconnect_ratio message:google.protobuf.DoubleValue`,
  'envoy.config.cluster.v3.Cluster.RefreshRate': `
1 base_interval message:google.protobuf.Duration
2 max_interval message:google.protobuf.Duration`,
  'envoy.config.cluster.v3.Cluster.RingHashLbConfig': `
1 minimum_ring_size message:google.protobuf.UInt64Value
3 hash_function enum:envoy.config.cluster.v3.Cluster.RingHashLbConfig.HashFunction
4 maximum_ring_size message:google.protobuf.UInt64Value`,
  'envoy.config.cluster.v3.Cluster.RoundRobinLbConfig': `
1 slow_start_config message:envoy.config.cluster.v3.Cluster.SlowStartConfig`,
  'envoy.config.cluster.v3.Cluster.SlowStartConfig': `
1 slow_start_window message:google.protobuf.Duration
2 aggression message:envoy.config.core.v3.RuntimeDouble
3 min_weight_percent message:envoy.type.v3.Percent`,
  'envoy.config.cluster.v3.Cluster.TransportSocketMatch': `
1 name string
2 match message:google.protobuf.Struct
3 transport_socket message:envoy.config.core.v3.TransportSocket`,
  'envoy.config.cluster.v3.LoadBalancingPolicy': `
1 policies message:envoy.config.cluster.v3.LoadBalancingPolicy.Policy repeated`,
  'envoy.config.cluster.v3.LoadBalancingPolicy.Policy': `
4 typed_extension_config message:envoy.config.core.v3.TypedExtensionConfig`,
  'envoy.config.cluster.v3.OutlierDetection': `
1 consecutive_5xx message:google.protobuf.UInt32Value
2 interval message:google.protobuf.Duration
3 base_ejection_time message:google.protobuf.Duration
4 max_ejection_percent message:google.protobuf.UInt32Value
5 enforcing_consecutive_5xx message:google.protobuf.UInt32Value
6 enforcing_success_rate message:google.protobuf.UInt32Value
7 success_rate_minimum_hosts message:google.protobuf.UInt32Value
8 success_rate_request_volume message:google.protobuf.UInt32Value
9 success_rate_stdev_factor message:google.protobuf.UInt32Value
10 consecutive_gateway_failure message:google.protobuf.UInt32Value
11 enforcing_consecutive_gateway_failure message:google.protobuf.UInt32Value
12 split_external_local_origin_errors bool
13 consecutive_local_origin_failure message:google.protobuf.UInt32Value
14 enforcing_consecutive_local_origin_failure message:google.protobuf.UInt32Value
15 enforcing_local_origin_success_rate message:google.protobuf.UInt32Value
16 failure_percentage_threshold message:google.protobuf.UInt32Value
17 enforcing_failure_percentage message:google.protobuf.UInt32Value
18 enforcing_failure_percentage_local_origin message:google.protobuf.UInt32Value
19 failure_percentage_minimum_hosts message:google.protobuf.UInt32Value
20 failure_percentage_request_volume message:google.protobuf.UInt32Value
21 max_ejection_time message:google.protobuf.Duration
22 max_ejection_time_jitter message:google.protobuf.Duration
23 successful_active_health_check_uneject_host message:google.protobuf.BoolValue
25 always_eject_one_host message:google.protobuf.BoolValue`,
  'envoy.config.cluster.v3.TrackClusterStats': `
1 timeout_budgets bool
2 request_response_sizes bool
3 per_endpoint_stats bool`,
  'envoy.config.cluster.v3.UpstreamConnectionOptions': `
1 tcp_keepalive message:envoy.config.core.v3.TcpKeepalive`,
  'envoy.config.common.mutation_rules.v3.HeaderMutation': `
1 remove string oneof:action
2 append message:envoy.config.core.v3.HeaderValueOption oneof:action`,
  'envoy.config.core.v3.Address': `
1 socket_address message:envoy.config.core.v3.SocketAddress oneof:address
2 pipe message:envoy.config.core.v3.Pipe oneof:address`,
  'envoy.config.core.v3.AggregatedConfigSource': ``,
  'envoy.config.core.v3.ApiConfigSource': `
1 api_type enum:envoy.config.core.v3.ApiConfigSource.ApiType
8 transport_api_version enum:envoy.config.core.v3.ApiVersion
4 grpc_services message:envoy.config.core.v3.GrpcService repeated
7 set_node_on_first_message_only bool
6 rate_limit_settings message:envoy.config.core.v3.RateLimitSettings`,
  'envoy.config.core.v3.BackoffStrategy': `
1 base_interval message:google.protobuf.Duration
2 max_interval message:google.protobuf.Duration`,
  'envoy.config.core.v3.BindConfig': `
1 source_address message:envoy.config.core.v3.SocketAddress`,
  'envoy.config.core.v3.BuildVersion': `
1 version message:envoy.type.v3.SemanticVersion
2 metadata message:google.protobuf.Struct`,
  'envoy.config.core.v3.CidrRange': `
1 address_prefix string
2 prefix_len message:google.protobuf.UInt32Value`,
  'envoy.config.core.v3.ConfigSource': `
8 path_config_source message:envoy.config.core.v3.PathConfigSource oneof:config_source_specifier
2 api_config_source message:envoy.config.core.v3.ApiConfigSource oneof:config_source_specifier
3 ads message:envoy.config.core.v3.AggregatedConfigSource oneof:config_source_specifier
5 self message:envoy.config.core.v3.SelfConfigSource oneof:config_source_specifier
4 initial_fetch_timeout message:google.protobuf.Duration
6 resource_api_version enum:envoy.config.core.v3.ApiVersion`,
  'envoy.config.core.v3.ControlPlane': `
1 identifier string`,
  'envoy.config.core.v3.DataSource': `
1 filename string oneof:specifier
2 inline_bytes bytes oneof:specifier
3 inline_string string oneof:specifier
4 environment_variable string oneof:specifier
5 watched_directory message:envoy.config.core.v3.WatchedDirectory`,
  'envoy.config.core.v3.GrpcService': `
1 envoy_grpc message:envoy.config.core.v3.GrpcService.EnvoyGrpc oneof:target_specifier
3 timeout message:google.protobuf.Duration
5 initial_metadata message:envoy.config.core.v3.HeaderValue repeated`,
  'envoy.config.core.v3.GrpcService.EnvoyGrpc': `
1 cluster_name string
2 authority string`,
  'envoy.config.core.v3.HeaderValue': `
1 key string
2 value string
3 raw_value bytes`,
  'envoy.config.core.v3.HeaderValueOption': `
1 header message:envoy.config.core.v3.HeaderValue
3 append_action enum:envoy.config.core.v3.HeaderValueOption.HeaderAppendAction
4 keep_empty_value bool`,
  'envoy.config.core.v3.HealthCheck': `
1 timeout message:google.protobuf.Duration
2 interval message:google.protobuf.Duration
20 initial_jitter message:google.protobuf.Duration
3 interval_jitter message:google.protobuf.Duration
18 interval_jitter_percent uint32
4 unhealthy_threshold message:google.protobuf.UInt32Value
5 healthy_threshold message:google.protobuf.UInt32Value
6 alt_port message:google.protobuf.UInt32Value
7 reuse_connection message:google.protobuf.BoolValue
8 http_health_check message:envoy.config.core.v3.HealthCheck.HttpHealthCheck oneof:health_checker
9 tcp_health_check message:envoy.config.core.v3.HealthCheck.TcpHealthCheck oneof:health_checker
11 grpc_health_check message:envoy.config.core.v3.HealthCheck.GrpcHealthCheck oneof:health_checker
12 no_traffic_interval message:google.protobuf.Duration
24 no_traffic_healthy_interval message:google.protobuf.Duration
14 unhealthy_interval message:google.protobuf.Duration
15 unhealthy_edge_interval message:google.protobuf.Duration
16 healthy_edge_interval message:google.protobuf.Duration
19 always_log_health_check_failures bool
21 tls_options message:envoy.config.core.v3.HealthCheck.TlsOptions`,
  'envoy.config.core.v3.HealthCheck.GrpcHealthCheck': `
1 service_name string
2 authority string
3 initial_metadata message:envoy.config.core.v3.HeaderValueOption repeated`,
  'envoy.config.core.v3.HealthCheck.HttpHealthCheck': `
1 host string
2 path string
4 receive message:envoy.config.core.v3.HealthCheck.Payload repeated
14 response_buffer_size message:google.protobuf.UInt64Value
6 request_headers_to_add message:envoy.config.core.v3.HeaderValueOption repeated
8 request_headers_to_remove string repeated
9 expected_statuses message:envoy.type.v3.Int64Range repeated
12 retriable_statuses message:envoy.type.v3.Int64Range repeated
10 codec_client_type enum:envoy.type.v3.CodecClientType
11 service_name_matcher message:envoy.type.matcher.v3.StringMatcher
13 method enum:envoy.config.core.v3.RequestMethod`,
  'envoy.config.core.v3.HealthCheck.Payload': `
1 text string oneof:payload
2 binary bytes oneof:payload`,
  'envoy.config.core.v3.HealthCheck.TcpHealthCheck': `
1 send message:envoy.config.core.v3.HealthCheck.Payload
2 receive message:envoy.config.core.v3.HealthCheck.Payload repeated`,
  'envoy.config.core.v3.HealthCheck.TlsOptions': `
1 alpn_protocols string repeated`,
  'envoy.config.core.v3.HealthStatusSet': `
1 statuses enum:envoy.config.core.v3.HealthStatus repeated`,
  'envoy.config.core.v3.Http1ProtocolOptions': `
1 allow_absolute_url message:google.protobuf.BoolValue
2 accept_http_10 bool
3 default_host_for_http_10 string
4 header_key_format message:envoy.config.core.v3.Http1ProtocolOptions.HeaderKeyFormat
5 enable_trailers bool
6 allow_chunked_length bool
7 override_stream_error_on_invalid_http_message message:google.protobuf.BoolValue
8 send_fully_qualified_url bool`,
  'envoy.config.core.v3.Http1ProtocolOptions.HeaderKeyFormat': `
1 proper_case_words message:envoy.config.core.v3.Http1ProtocolOptions.HeaderKeyFormat.ProperCaseWords oneof:header_format`,
  'envoy.config.core.v3.Http1ProtocolOptions.HeaderKeyFormat.ProperCaseWords': ``,
  'envoy.config.core.v3.Http2ProtocolOptions': `
1 hpack_table_size message:google.protobuf.UInt32Value
2 max_concurrent_streams message:google.protobuf.UInt32Value
3 initial_stream_window_size message:google.protobuf.UInt32Value
4 initial_connection_window_size message:google.protobuf.UInt32Value
5 allow_connect bool
7 max_outbound_frames message:google.protobuf.UInt32Value
8 max_outbound_control_frames message:google.protobuf.UInt32Value
9 max_consecutive_inbound_frames_with_empty_payload message:google.protobuf.UInt32Value
10 max_inbound_priority_frames_per_stream message:google.protobuf.UInt32Value
11 max_inbound_window_update_frames_per_data_frame_sent message:google.protobuf.UInt32Value
14 override_stream_error_on_invalid_http_message message:google.protobuf.BoolValue
15 connection_keepalive message:envoy.config.core.v3.KeepaliveSettings`,
  'envoy.config.core.v3.HttpProtocolOptions': `
1 idle_timeout message:google.protobuf.Duration
3 max_connection_duration message:google.protobuf.Duration
2 max_headers_count message:google.protobuf.UInt32Value
4 max_stream_duration message:google.protobuf.Duration
5 headers_with_underscores_action enum:envoy.config.core.v3.HttpProtocolOptions.HeadersWithUnderscoresAction
6 max_requests_per_connection message:google.protobuf.UInt32Value`,
  'envoy.config.core.v3.JsonFormatOptions': `
1 sort_properties bool`,
  'envoy.config.core.v3.KeepaliveSettings': `
1 interval message:google.protobuf.Duration
2 timeout message:google.protobuf.Duration
3 interval_jitter message:envoy.type.v3.Percent
4 connection_idle_interval message:google.protobuf.Duration`,
  'envoy.config.core.v3.Locality': `
1 region string
2 zone string
3 sub_zone string`,
  'envoy.config.core.v3.Metadata': `
1 filter_metadata message:google.protobuf.Struct map
2 typed_filter_metadata message:google.protobuf.Any map`,
  'envoy.config.core.v3.Node': `
1 id string
2 cluster string
3 metadata message:google.protobuf.Struct
4 locality message:envoy.config.core.v3.Locality
6 user_agent_name string
7 user_agent_version string oneof:user_agent_version_type
8 user_agent_build_version message:envoy.config.core.v3.BuildVersion oneof:user_agent_version_type
10 client_features string repeated`,
  'envoy.config.core.v3.PathConfigSource': `
1 path string
2 watched_directory message:envoy.config.core.v3.WatchedDirectory`,
  'envoy.config.core.v3.Pipe': `
1 path string
2 mode uint32`,
  'envoy.config.core.v3.ProxyProtocolConfig': `
1 version enum:envoy.config.core.v3.ProxyProtocolConfig.Version`,
  'envoy.config.core.v3.RateLimitSettings': `
1 max_tokens message:google.protobuf.UInt32Value
2 fill_rate message:google.protobuf.DoubleValue`,
  'envoy.config.core.v3.RuntimeDouble': `
1 default_value double
2 runtime_key string`,
  'envoy.config.core.v3.RuntimeFeatureFlag': `
1 default_value message:google.protobuf.BoolValue
2 runtime_key string`,
  'envoy.config.core.v3.RuntimeFractionalPercent': `
1 default_value message:envoy.type.v3.FractionalPercent
2 runtime_key string`,
  'envoy.config.core.v3.RuntimePercent': `
1 default_value message:envoy.type.v3.Percent
2 runtime_key string`,
  'envoy.config.core.v3.RuntimeUInt32': `
2 default_value uint32
3 runtime_key string`,
  'envoy.config.core.v3.SchemeHeaderTransformation': `
1 scheme_to_overwrite string oneof:transformation
2 match_upstream bool`,
  'envoy.config.core.v3.SelfConfigSource': `
1 transport_api_version enum:envoy.config.core.v3.ApiVersion`,
  'envoy.config.core.v3.SocketAddress': `
1 protocol enum:envoy.config.core.v3.SocketAddress.Protocol
2 address string
3 port_value uint32 oneof:port_specifier
6 ipv4_compat bool`,
  'envoy.config.core.v3.SocketOption': `
1 description string
2 level int64
3 name int64
4 int_value int64 oneof:value
5 buf_value bytes oneof:value
6 state enum:envoy.config.core.v3.SocketOption.SocketState`,
  'envoy.config.core.v3.SubstitutionFormatString': `
2 json_format message:google.protobuf.Struct oneof:format
5 text_format_source message:envoy.config.core.v3.DataSource oneof:format
3 omit_empty_values bool
4 content_type string
7 json_format_options message:envoy.config.core.v3.JsonFormatOptions`,
  'envoy.config.core.v3.TcpKeepalive': `
1 keepalive_probes message:google.protobuf.UInt32Value
2 keepalive_time message:google.protobuf.UInt32Value
3 keepalive_interval message:google.protobuf.UInt32Value`,
  'envoy.config.core.v3.TcpProtocolOptions': ``,
  'envoy.config.core.v3.TransportSocket': `
1 name string
3 typed_config message:google.protobuf.Any oneof:config_type`,
  'envoy.config.core.v3.TypedExtensionConfig': `
1 name string
2 typed_config message:google.protobuf.Any`,
  'envoy.config.core.v3.UpstreamHttpProtocolOptions': `
1 auto_sni bool
2 auto_san_validation bool
3 override_auto_sni_header string`,
  'envoy.config.core.v3.WatchedDirectory': `
1 path string`,
  'envoy.config.endpoint.v3.ClusterLoadAssignment': `
1 cluster_name string
2 endpoints message:envoy.config.endpoint.v3.LocalityLbEndpoints repeated
4 policy message:envoy.config.endpoint.v3.ClusterLoadAssignment.Policy`,
  'envoy.config.endpoint.v3.ClusterLoadAssignment.Policy': `
2 drop_overloads message:envoy.config.endpoint.v3.ClusterLoadAssignment.Policy.DropOverload repeated
3 overprovisioning_factor message:google.protobuf.UInt32Value
4 endpoint_stale_after message:google.protobuf.Duration
6 weighted_priority_health bool`,
  'envoy.config.endpoint.v3.ClusterLoadAssignment.Policy.DropOverload': `
1 category string
2 drop_percentage message:envoy.type.v3.FractionalPercent`,
  'envoy.config.endpoint.v3.ClusterStats': `
1 cluster_name string
6 cluster_service_name string
2 upstream_locality_stats message:envoy.config.endpoint.v3.UpstreamLocalityStats repeated
3 total_dropped_requests uint64
5 dropped_requests message:envoy.config.endpoint.v3.ClusterStats.DroppedRequests repeated
4 load_report_interval message:google.protobuf.Duration`,
  'envoy.config.endpoint.v3.ClusterStats.DroppedRequests': `
1 category string
2 dropped_count uint64`,
  'envoy.config.endpoint.v3.Endpoint': `
1 address message:envoy.config.core.v3.Address
2 health_check_config message:envoy.config.endpoint.v3.Endpoint.HealthCheckConfig
3 hostname string
4 additional_addresses message:envoy.config.endpoint.v3.Endpoint.AdditionalAddress repeated`,
  'envoy.config.endpoint.v3.Endpoint.AdditionalAddress': `
1 address message:envoy.config.core.v3.Address`,
  'envoy.config.endpoint.v3.Endpoint.HealthCheckConfig': `
1 port_value uint32
2 hostname string
3 address message:envoy.config.core.v3.Address
4 disable_active_health_check bool`,
  'envoy.config.endpoint.v3.EndpointLoadMetricStats': `
1 metric_name string
2 num_requests_finished_with_metric uint64
3 total_metric_value double`,
  'envoy.config.endpoint.v3.LbEndpoint': `
1 endpoint message:envoy.config.endpoint.v3.Endpoint oneof:host_identifier
2 health_status enum:envoy.config.core.v3.HealthStatus
3 metadata message:envoy.config.core.v3.Metadata
4 load_balancing_weight message:google.protobuf.UInt32Value`,
  'envoy.config.endpoint.v3.LocalityLbEndpoints': `
1 locality message:envoy.config.core.v3.Locality
9 metadata message:envoy.config.core.v3.Metadata
2 lb_endpoints message:envoy.config.endpoint.v3.LbEndpoint repeated
3 load_balancing_weight message:google.protobuf.UInt32Value
5 priority uint32
6 proximity message:google.protobuf.UInt32Value`,
  'envoy.config.endpoint.v3.UpstreamEndpointStats': `
1 address message:envoy.config.core.v3.Address
6 metadata message:google.protobuf.Struct
2 total_successful_requests uint64
3 total_requests_in_progress uint64
4 total_error_requests uint64
7 total_issued_requests uint64
5 load_metric_stats message:envoy.config.endpoint.v3.EndpointLoadMetricStats repeated`,
  'envoy.config.endpoint.v3.UpstreamLocalityStats': `
1 locality message:envoy.config.core.v3.Locality
2 total_successful_requests uint64
3 total_requests_in_progress uint64
4 total_error_requests uint64
8 total_issued_requests uint64
9 total_active_connections uint64
10 total_new_connections uint64
11 total_fail_connections uint64
5 load_metric_stats message:envoy.config.endpoint.v3.EndpointLoadMetricStats repeated
7 upstream_endpoint_stats message:envoy.config.endpoint.v3.UpstreamEndpointStats repeated
6 priority uint32`,
  'envoy.config.listener.v3.AdditionalAddress': `
1 address message:envoy.config.core.v3.Address`,
  'envoy.config.listener.v3.ApiListener': `
1 api_listener message:google.protobuf.Any`,
  'envoy.config.listener.v3.Filter': `
1 name string
4 typed_config message:google.protobuf.Any oneof:config_type`,
  'envoy.config.listener.v3.FilterChain': `
1 filter_chain_match message:envoy.config.listener.v3.FilterChainMatch
3 filters message:envoy.config.listener.v3.Filter repeated
5 metadata message:envoy.config.core.v3.Metadata
6 transport_socket message:envoy.config.core.v3.TransportSocket
9 transport_socket_connect_timeout message:google.protobuf.Duration
7 name string`,
  'envoy.config.listener.v3.FilterChainMatch': `
8 destination_port message:google.protobuf.UInt32Value
3 prefix_ranges message:envoy.config.core.v3.CidrRange repeated
11 server_names string repeated
9 transport_protocol string
10 application_protocols string repeated
13 direct_source_prefix_ranges message:envoy.config.core.v3.CidrRange repeated
12 source_type enum:envoy.config.listener.v3.FilterChainMatch.ConnectionSourceType
6 source_prefix_ranges message:envoy.config.core.v3.CidrRange repeated
7 source_ports uint32 repeated`,
  'envoy.config.listener.v3.Listener': `
1 name string
2 address message:envoy.config.core.v3.Address
33 additional_addresses message:envoy.config.listener.v3.AdditionalAddress repeated
28 stat_prefix string
3 filter_chains message:envoy.config.listener.v3.FilterChain repeated
4 use_original_dst message:google.protobuf.BoolValue
25 default_filter_chain message:envoy.config.listener.v3.FilterChain
5 per_connection_buffer_limit_bytes message:google.protobuf.UInt32Value
6 metadata message:envoy.config.core.v3.Metadata
8 drain_type enum:envoy.config.listener.v3.Listener.DrainType
10 transparent message:google.protobuf.BoolValue
9 listener_filters message:envoy.config.listener.v3.ListenerFilter repeated
15 listener_filters_timeout message:google.protobuf.Duration
17 continue_on_listener_filters_timeout bool
16 traffic_direction enum:envoy.config.core.v3.TrafficDirection
18 udp_listener_config message:envoy.config.listener.v3.UdpListenerConfig
19 api_listener message:envoy.config.listener.v3.ApiListener
29 enable_reuse_port message:google.protobuf.BoolValue
22 access_log message:envoy.config.accesslog.v3.AccessLog repeated
24 tcp_backlog_size message:google.protobuf.UInt32Value
26 bind_to_port message:google.protobuf.BoolValue`,
  'envoy.config.listener.v3.ListenerFilter': `
1 name string
3 typed_config message:google.protobuf.Any oneof:config_type
4 filter_disabled message:envoy.config.listener.v3.ListenerFilterChainMatchPredicate`,
  'envoy.config.listener.v3.ListenerFilterChainMatchPredicate': `
1 or_match message:envoy.config.listener.v3.ListenerFilterChainMatchPredicate.MatchSet oneof:rule
2 and_match message:envoy.config.listener.v3.ListenerFilterChainMatchPredicate.MatchSet oneof:rule
3 not_match message:envoy.config.listener.v3.ListenerFilterChainMatchPredicate oneof:rule
4 any_match bool oneof:rule
5 destination_port_range message:envoy.type.v3.Int32Range oneof:rule`,
  'envoy.config.listener.v3.ListenerFilterChainMatchPredicate.MatchSet': `
1 rules message:envoy.config.listener.v3.ListenerFilterChainMatchPredicate repeated`,
  'envoy.config.listener.v3.UdpListenerConfig': ``,
  'envoy.config.metrics.v3.HistogramBucketSettings': `
1 match message:envoy.type.matcher.v3.StringMatcher
2 buckets double repeated`,
  'envoy.config.metrics.v3.StatsConfig': `
1 stats_tags message:envoy.config.metrics.v3.TagSpecifier repeated
2 use_all_default_tags message:google.protobuf.BoolValue
3 stats_matcher message:envoy.config.metrics.v3.StatsMatcher
4 histogram_bucket_settings message:envoy.config.metrics.v3.HistogramBucketSettings repeated`,
  'envoy.config.metrics.v3.StatsMatcher': `
1 reject_all bool oneof:stats_matcher
2 exclusion_list message:envoy.type.matcher.v3.ListStringMatcher oneof:stats_matcher
3 inclusion_list message:envoy.type.matcher.v3.ListStringMatcher oneof:stats_matcher`,
  'envoy.config.metrics.v3.TagSpecifier': `
1 tag_name string
2 regex string oneof:tag_value
3 fixed_value string oneof:tag_value`,
  'envoy.config.rbac.v3.Permission': `
1 and_rules message:envoy.config.rbac.v3.Permission.Set oneof:rule
2 or_rules message:envoy.config.rbac.v3.Permission.Set oneof:rule
3 any bool oneof:rule
4 header message:envoy.config.route.v3.HeaderMatcher oneof:rule
10 url_path message:envoy.type.matcher.v3.PathMatcher oneof:rule
5 destination_ip message:envoy.config.core.v3.CidrRange oneof:rule
6 destination_port uint32 oneof:rule
11 destination_port_range message:envoy.type.v3.Int32Range oneof:rule
7 metadata message:envoy.type.matcher.v3.MetadataMatcher oneof:rule
8 not_rule message:envoy.config.rbac.v3.Permission oneof:rule
9 requested_server_name message:envoy.type.matcher.v3.StringMatcher oneof:rule`,
  'envoy.config.rbac.v3.Permission.Set': `
1 rules message:envoy.config.rbac.v3.Permission repeated`,
  'envoy.config.rbac.v3.Policy': `
1 permissions message:envoy.config.rbac.v3.Permission repeated
2 principals message:envoy.config.rbac.v3.Principal repeated`,
  'envoy.config.rbac.v3.Principal': `
1 and_ids message:envoy.config.rbac.v3.Principal.Set oneof:identifier
2 or_ids message:envoy.config.rbac.v3.Principal.Set oneof:identifier
3 any bool oneof:identifier
4 authenticated message:envoy.config.rbac.v3.Principal.Authenticated oneof:identifier
5 source_ip message:envoy.config.core.v3.CidrRange oneof:identifier
10 direct_remote_ip message:envoy.config.core.v3.CidrRange oneof:identifier
11 remote_ip message:envoy.config.core.v3.CidrRange oneof:identifier
6 header message:envoy.config.route.v3.HeaderMatcher oneof:identifier
9 url_path message:envoy.type.matcher.v3.PathMatcher oneof:identifier
7 metadata message:envoy.type.matcher.v3.MetadataMatcher oneof:identifier
8 not_id message:envoy.config.rbac.v3.Principal oneof:identifier`,
  'envoy.config.rbac.v3.Principal.Authenticated': `
2 principal_name message:envoy.type.matcher.v3.StringMatcher`,
  'envoy.config.rbac.v3.Principal.Set': `
1 ids message:envoy.config.rbac.v3.Principal repeated`,
  'envoy.config.rbac.v3.RBAC': `
1 action enum:envoy.config.rbac.v3.RBAC.Action
2 policies message:envoy.config.rbac.v3.Policy map`,
  'envoy.config.route.v3.Decorator': `
1 operation string
2 propagate message:google.protobuf.BoolValue`,
  'envoy.config.route.v3.DirectResponseAction': `
1 status uint32
2 body message:envoy.config.core.v3.DataSource`,
  'envoy.config.route.v3.FilterConfig': `
1 config message:google.protobuf.Any
2 is_optional bool
3 disabled bool`,
  'envoy.config.route.v3.HeaderMatcher': `
1 name string
6 range_match message:envoy.type.v3.Int64Range oneof:header_match_specifier
7 present_match bool oneof:header_match_specifier
13 string_match message:envoy.type.matcher.v3.StringMatcher oneof:header_match_specifier
8 invert_match bool
14 treat_missing_header_as_empty bool`,
  'envoy.config.route.v3.HedgePolicy': `
1 initial_requests message:google.protobuf.UInt32Value
2 additional_request_chance message:envoy.type.v3.FractionalPercent
3 hedge_on_per_try_timeout bool`,
  'envoy.config.route.v3.InternalRedirectPolicy': `
1 max_internal_redirects message:google.protobuf.UInt32Value
2 redirect_response_codes uint32 repeated
4 allow_cross_scheme_redirect bool
5 response_headers_to_copy string repeated`,
  'envoy.config.route.v3.NonForwardingAction': ``,
  'envoy.config.route.v3.QueryParameterMatcher': `
1 name string
5 string_match message:envoy.type.matcher.v3.StringMatcher oneof:query_parameter_match_specifier
6 present_match bool oneof:query_parameter_match_specifier`,
  'envoy.config.route.v3.RateLimit': `
1 stage message:google.protobuf.UInt32Value
2 disable_key string
3 actions message:envoy.config.route.v3.RateLimit.Action repeated`,
  'envoy.config.route.v3.RateLimit.Action': `
1 source_cluster message:envoy.config.route.v3.RateLimit.Action.SourceCluster oneof:action_specifier
2 destination_cluster message:envoy.config.route.v3.RateLimit.Action.DestinationCluster oneof:action_specifier
3 request_headers message:envoy.config.route.v3.RateLimit.Action.RequestHeaders oneof:action_specifier
4 remote_address message:envoy.config.route.v3.RateLimit.Action.RemoteAddress oneof:action_specifier
5 generic_key message:envoy.config.route.v3.RateLimit.Action.GenericKey oneof:action_specifier
6 header_value_match message:envoy.config.route.v3.RateLimit.Action.HeaderValueMatch oneof:action_specifier
10 masked_remote_address message:envoy.config.route.v3.RateLimit.Action.MaskedRemoteAddress oneof:action_specifier
11 query_parameter_value_match message:envoy.config.route.v3.RateLimit.Action.QueryParameterValueMatch oneof:action_specifier
9 extension message:envoy.config.core.v3.TypedExtensionConfig oneof:action_specifier`,
  'envoy.config.route.v3.RateLimit.Action.DestinationCluster': ``,
  'envoy.config.route.v3.RateLimit.Action.GenericKey': `
1 descriptor_value string
2 descriptor_key string`,
  'envoy.config.route.v3.RateLimit.Action.HeaderValueMatch': `
4 descriptor_key string
1 descriptor_value string
2 expect_match message:google.protobuf.BoolValue
3 headers message:envoy.config.route.v3.HeaderMatcher repeated`,
  'envoy.config.route.v3.RateLimit.Action.MaskedRemoteAddress': `
1 v4_prefix_mask_len message:google.protobuf.UInt32Value
2 v6_prefix_mask_len message:google.protobuf.UInt32Value`,
  'envoy.config.route.v3.RateLimit.Action.QueryParameterValueMatch': `
4 descriptor_key string
1 descriptor_value string
2 expect_match message:google.protobuf.BoolValue
3 query_parameters message:envoy.config.route.v3.QueryParameterMatcher repeated`,
  'envoy.config.route.v3.RateLimit.Action.RemoteAddress': ``,
  'envoy.config.route.v3.RateLimit.Action.RequestHeaders': `
1 header_name string
2 descriptor_key string
3 skip_if_absent bool`,
  'envoy.config.route.v3.RateLimit.Action.SourceCluster': ``,
  'envoy.config.route.v3.RedirectAction': `
4 https_redirect bool oneof:scheme_rewrite_specifier
7 scheme_redirect string oneof:scheme_rewrite_specifier
1 host_redirect string
8 port_redirect uint32
2 path_redirect string oneof:path_rewrite_specifier
5 prefix_rewrite string oneof:path_rewrite_specifier
9 regex_rewrite message:envoy.type.matcher.v3.RegexMatchAndSubstitute oneof:path_rewrite_specifier
3 response_code enum:envoy.config.route.v3.RedirectAction.RedirectResponseCode
6 strip_query bool`,
  'envoy.config.route.v3.RetryPolicy': `
1 retry_on string
2 num_retries message:google.protobuf.UInt32Value
3 per_try_timeout message:google.protobuf.Duration
13 per_try_idle_timeout message:google.protobuf.Duration
4 retry_priority message:envoy.config.route.v3.RetryPolicy.RetryPriority
5 retry_host_predicate message:envoy.config.route.v3.RetryPolicy.RetryHostPredicate repeated
6 host_selection_retry_max_attempts int64
7 retriable_status_codes uint32 repeated
8 retry_back_off message:envoy.config.route.v3.RetryPolicy.RetryBackOff
11 rate_limited_retry_back_off message:envoy.config.route.v3.RetryPolicy.RateLimitedRetryBackOff
9 retriable_headers message:envoy.config.route.v3.HeaderMatcher repeated
10 retriable_request_headers message:envoy.config.route.v3.HeaderMatcher repeated`,
  'envoy.config.route.v3.RetryPolicy.RateLimitedRetryBackOff': `
1 reset_headers message:envoy.config.route.v3.RetryPolicy.ResetHeader repeated
2 max_interval message:google.protobuf.Duration`,
  'envoy.config.route.v3.RetryPolicy.ResetHeader': `
1 name string
2 format enum:envoy.config.route.v3.RetryPolicy.ResetHeaderFormat`,
  'envoy.config.route.v3.RetryPolicy.RetryBackOff': `
1 base_interval message:google.protobuf.Duration
2 max_interval message:google.protobuf.Duration`,
  'envoy.config.route.v3.RetryPolicy.RetryHostPredicate': `
1 name string
3 typed_config message:google.protobuf.Any oneof:config_type`,
  'envoy.config.route.v3.RetryPolicy.RetryPriority': `
1 name string
3 typed_config message:google.protobuf.Any oneof:config_type`,
  'envoy.config.route.v3.Route': `
14 name string
1 match message:envoy.config.route.v3.RouteMatch
2 route message:envoy.config.route.v3.RouteAction oneof:action
3 redirect message:envoy.config.route.v3.RedirectAction oneof:action
7 direct_response message:envoy.config.route.v3.DirectResponseAction oneof:action
18 non_forwarding_action message:envoy.config.route.v3.NonForwardingAction oneof:action
4 metadata message:envoy.config.core.v3.Metadata
5 decorator message:envoy.config.route.v3.Decorator
13 typed_per_filter_config message:google.protobuf.Any map
9 request_headers_to_add message:envoy.config.core.v3.HeaderValueOption repeated
12 request_headers_to_remove string repeated
10 response_headers_to_add message:envoy.config.core.v3.HeaderValueOption repeated
11 response_headers_to_remove string repeated
15 tracing message:envoy.config.route.v3.Tracing
16 per_request_buffer_limit_bytes message:google.protobuf.UInt32Value
19 stat_prefix string`,
  'envoy.config.route.v3.RouteAction': `
1 cluster string oneof:cluster_specifier
2 cluster_header string oneof:cluster_specifier
3 weighted_clusters message:envoy.config.route.v3.WeightedCluster oneof:cluster_specifier
20 cluster_not_found_response_code enum:envoy.config.route.v3.RouteAction.ClusterNotFoundResponseCode
4 metadata_match message:envoy.config.core.v3.Metadata
5 prefix_rewrite string
32 regex_rewrite message:envoy.type.matcher.v3.RegexMatchAndSubstitute
6 host_rewrite_literal string oneof:host_rewrite_specifier
7 auto_host_rewrite message:google.protobuf.BoolValue oneof:host_rewrite_specifier
29 host_rewrite_header string oneof:host_rewrite_specifier
35 host_rewrite_path_regex message:envoy.type.matcher.v3.RegexMatchAndSubstitute oneof:host_rewrite_specifier
38 append_x_forwarded_host bool
8 timeout message:google.protobuf.Duration
24 idle_timeout message:google.protobuf.Duration
9 retry_policy message:envoy.config.route.v3.RetryPolicy
30 request_mirror_policies message:envoy.config.route.v3.RouteAction.RequestMirrorPolicy repeated
11 priority enum:envoy.config.core.v3.RoutingPriority
13 rate_limits message:envoy.config.route.v3.RateLimit repeated
15 hash_policy message:envoy.config.route.v3.RouteAction.HashPolicy repeated
25 upgrade_configs message:envoy.config.route.v3.RouteAction.UpgradeConfig repeated
34 internal_redirect_policy message:envoy.config.route.v3.InternalRedirectPolicy
27 hedge_policy message:envoy.config.route.v3.HedgePolicy
36 max_stream_duration message:envoy.config.route.v3.RouteAction.MaxStreamDuration`,
  'envoy.config.route.v3.RouteAction.HashPolicy': `
1 header message:envoy.config.route.v3.RouteAction.HashPolicy.Header oneof:policy_specifier
2 cookie message:envoy.config.route.v3.RouteAction.HashPolicy.Cookie oneof:policy_specifier
3 connection_properties message:envoy.config.route.v3.RouteAction.HashPolicy.ConnectionProperties oneof:policy_specifier
5 query_parameter message:envoy.config.route.v3.RouteAction.HashPolicy.QueryParameter oneof:policy_specifier
4 terminal bool`,
  'envoy.config.route.v3.RouteAction.HashPolicy.ConnectionProperties': `
1 source_ip bool`,
  'envoy.config.route.v3.RouteAction.HashPolicy.Cookie': `
1 name string
2 ttl message:google.protobuf.Duration
3 path string
4 attributes message:envoy.config.route.v3.RouteAction.HashPolicy.CookieAttribute repeated`,
  'envoy.config.route.v3.RouteAction.HashPolicy.CookieAttribute': `
1 name string
2 value string`,
  'envoy.config.route.v3.RouteAction.HashPolicy.Header': `
1 header_name string
2 regex_rewrite message:envoy.type.matcher.v3.RegexMatchAndSubstitute`,
  'envoy.config.route.v3.RouteAction.HashPolicy.QueryParameter': `
1 name string`,
  'envoy.config.route.v3.RouteAction.MaxStreamDuration': `
1 max_stream_duration message:google.protobuf.Duration
2 grpc_timeout_header_max message:google.protobuf.Duration
3 grpc_timeout_header_offset message:google.protobuf.Duration`,
  'envoy.config.route.v3.RouteAction.RequestMirrorPolicy': `
1 cluster string
5 cluster_header string
3 runtime_fraction message:envoy.config.core.v3.RuntimeFractionalPercent
4 trace_sampled message:google.protobuf.BoolValue
6 disable_shadow_host_suffix_append bool`,
  'envoy.config.route.v3.RouteAction.UpgradeConfig': `
1 upgrade_type string
2 enabled message:google.protobuf.BoolValue
3 connect_config message:envoy.config.route.v3.RouteAction.UpgradeConfig.ConnectConfig`,
  'envoy.config.route.v3.RouteAction.UpgradeConfig.ConnectConfig': `
1 proxy_protocol_config message:envoy.config.core.v3.ProxyProtocolConfig
2 allow_post bool`,
  'envoy.config.route.v3.RouteConfiguration': `
1 name string
2 virtual_hosts message:envoy.config.route.v3.VirtualHost repeated
3 internal_only_headers string repeated
4 response_headers_to_add message:envoy.config.core.v3.HeaderValueOption repeated
5 response_headers_to_remove string repeated
6 request_headers_to_add message:envoy.config.core.v3.HeaderValueOption repeated
8 request_headers_to_remove string repeated
10 most_specific_header_mutations_wins bool
7 validate_clusters message:google.protobuf.BoolValue
11 max_direct_response_body_size_bytes message:google.protobuf.UInt32Value
13 request_mirror_policies message:envoy.config.route.v3.RouteAction.RequestMirrorPolicy repeated
14 ignore_port_in_host_matching bool
15 ignore_path_parameters_in_path_matching bool
16 typed_per_filter_config message:google.protobuf.Any map
17 metadata message:envoy.config.core.v3.Metadata`,
  'envoy.config.route.v3.RouteMatch': `
1 prefix string oneof:path_specifier
2 path string oneof:path_specifier
10 safe_regex message:envoy.type.matcher.v3.RegexMatcher oneof:path_specifier
12 connect_matcher message:envoy.config.route.v3.RouteMatch.ConnectMatcher oneof:path_specifier
14 path_separated_prefix string oneof:path_specifier
4 case_sensitive message:google.protobuf.BoolValue
9 runtime_fraction message:envoy.config.core.v3.RuntimeFractionalPercent
6 headers message:envoy.config.route.v3.HeaderMatcher repeated
7 query_parameters message:envoy.config.route.v3.QueryParameterMatcher repeated
8 grpc message:envoy.config.route.v3.RouteMatch.GrpcRouteMatchOptions
11 tls_context message:envoy.config.route.v3.RouteMatch.TlsContextMatchOptions
13 dynamic_metadata message:envoy.type.matcher.v3.MetadataMatcher repeated`,
  'envoy.config.route.v3.RouteMatch.ConnectMatcher': ``,
  'envoy.config.route.v3.RouteMatch.GrpcRouteMatchOptions': ``,
  'envoy.config.route.v3.RouteMatch.TlsContextMatchOptions': `
1 presented message:google.protobuf.BoolValue
2 validated message:google.protobuf.BoolValue`,
  'envoy.config.route.v3.Tracing': `
1 client_sampling message:envoy.type.v3.FractionalPercent
2 random_sampling message:envoy.type.v3.FractionalPercent
3 overall_sampling message:envoy.type.v3.FractionalPercent
4 custom_tags message:envoy.type.tracing.v3.CustomTag repeated`,
  'envoy.config.route.v3.VirtualCluster': `
4 headers message:envoy.config.route.v3.HeaderMatcher repeated
2 name string`,
  'envoy.config.route.v3.VirtualHost': `
1 name string
2 domains string repeated
3 routes message:envoy.config.route.v3.Route repeated
4 require_tls enum:envoy.config.route.v3.VirtualHost.TlsRequirementType
5 virtual_clusters message:envoy.config.route.v3.VirtualCluster repeated
6 rate_limits message:envoy.config.route.v3.RateLimit repeated
7 request_headers_to_add message:envoy.config.core.v3.HeaderValueOption repeated
13 request_headers_to_remove string repeated
10 response_headers_to_add message:envoy.config.core.v3.HeaderValueOption repeated
11 response_headers_to_remove string repeated
15 typed_per_filter_config message:google.protobuf.Any map
14 include_request_attempt_count bool
19 include_attempt_count_in_response bool
16 retry_policy message:envoy.config.route.v3.RetryPolicy
17 hedge_policy message:envoy.config.route.v3.HedgePolicy
23 include_is_timeout_retry_header bool
18 per_request_buffer_limit_bytes message:google.protobuf.UInt32Value
22 request_mirror_policies message:envoy.config.route.v3.RouteAction.RequestMirrorPolicy repeated
24 metadata message:envoy.config.core.v3.Metadata`,
  'envoy.config.route.v3.WeightedCluster': `
1 clusters message:envoy.config.route.v3.WeightedCluster.ClusterWeight repeated
2 runtime_key_prefix string
4 header_name string oneof:random_value_specifier`,
  'envoy.config.route.v3.WeightedCluster.ClusterWeight': `
1 name string
12 cluster_header string
2 weight message:google.protobuf.UInt32Value
3 metadata_match message:envoy.config.core.v3.Metadata
4 request_headers_to_add message:envoy.config.core.v3.HeaderValueOption repeated
9 request_headers_to_remove string repeated
5 response_headers_to_add message:envoy.config.core.v3.HeaderValueOption repeated
6 response_headers_to_remove string repeated
10 typed_per_filter_config message:google.protobuf.Any map
11 host_rewrite_literal string oneof:host_rewrite_specifier`,
  'envoy.data.dns.v3.DnsTable': `
1 external_retry_count uint32
2 virtual_domains message:envoy.data.dns.v3.DnsTable.DnsVirtualDomain repeated
3 known_suffixes message:envoy.type.matcher.v3.StringMatcher repeated`,
  'envoy.data.dns.v3.DnsTable.AddressList': `
1 address string repeated`,
  'envoy.data.dns.v3.DnsTable.DnsEndpoint': `
1 address_list message:envoy.data.dns.v3.DnsTable.AddressList oneof:endpoint_config
2 cluster_name string oneof:endpoint_config
3 service_list message:envoy.data.dns.v3.DnsTable.DnsServiceList oneof:endpoint_config`,
  'envoy.data.dns.v3.DnsTable.DnsService': `
1 service_name string
2 protocol message:envoy.data.dns.v3.DnsTable.DnsServiceProtocol
3 ttl message:google.protobuf.Duration
4 targets message:envoy.data.dns.v3.DnsTable.DnsServiceTarget repeated`,
  'envoy.data.dns.v3.DnsTable.DnsServiceList': `
1 services message:envoy.data.dns.v3.DnsTable.DnsService repeated`,
  'envoy.data.dns.v3.DnsTable.DnsServiceProtocol': `
1 number uint32 oneof:protocol_config
2 name string oneof:protocol_config`,
  'envoy.data.dns.v3.DnsTable.DnsServiceTarget': `
1 host_name string oneof:endpoint_type
2 cluster_name string oneof:endpoint_type
3 priority uint32
4 weight uint32
5 port uint32`,
  'envoy.data.dns.v3.DnsTable.DnsVirtualDomain': `
1 name string
2 endpoint message:envoy.data.dns.v3.DnsTable.DnsEndpoint
3 answer_ttl message:google.protobuf.Duration`,
  'envoy.extensions.access_loggers.file.v3.FileAccessLog': `
1 path string
5 log_format message:envoy.config.core.v3.SubstitutionFormatString oneof:access_log_format`,
  'envoy.extensions.access_loggers.stream.v3.StderrAccessLog': `
1 log_format message:envoy.config.core.v3.SubstitutionFormatString oneof:access_log_format`,
  'envoy.extensions.access_loggers.stream.v3.StdoutAccessLog': `
1 log_format message:envoy.config.core.v3.SubstitutionFormatString oneof:access_log_format`,
  'envoy.extensions.common.ratelimit.v3.LocalRateLimitDescriptor': `
1 entries message:envoy.extensions.common.ratelimit.v3.RateLimitDescriptor.Entry repeated
2 token_bucket message:envoy.type.v3.TokenBucket`,
  'envoy.extensions.common.ratelimit.v3.RateLimitDescriptor': `
1 entries message:envoy.extensions.common.ratelimit.v3.RateLimitDescriptor.Entry repeated`,
  'envoy.extensions.common.ratelimit.v3.RateLimitDescriptor.Entry': `
1 key string
2 value string`,
  'envoy.extensions.filters.common.fault.v3.FaultDelay': `
3 fixed_delay message:google.protobuf.Duration oneof:fault_delay_secifier
5 header_delay message:envoy.extensions.filters.common.fault.v3.FaultDelay.HeaderDelay oneof:fault_delay_secifier
4 percentage message:envoy.type.v3.FractionalPercent`,
  'envoy.extensions.filters.common.fault.v3.FaultDelay.HeaderDelay': ``,
  'envoy.extensions.filters.common.fault.v3.FaultRateLimit': `
1 fixed_limit message:envoy.extensions.filters.common.fault.v3.FaultRateLimit.FixedLimit oneof:limit_type
3 header_limit message:envoy.extensions.filters.common.fault.v3.FaultRateLimit.HeaderLimit oneof:limit_type
2 percentage message:envoy.type.v3.FractionalPercent`,
  'envoy.extensions.filters.common.fault.v3.FaultRateLimit.FixedLimit': `
1 limit_kbps uint64`,
  'envoy.extensions.filters.common.fault.v3.FaultRateLimit.HeaderLimit': ``,
  'envoy.extensions.filters.http.cors.v3.Cors': ``,
  'envoy.extensions.filters.http.cors.v3.CorsPolicy': `
1 allow_origin_string_match message:envoy.type.matcher.v3.StringMatcher repeated
2 allow_methods string
3 allow_headers string
4 expose_headers string
5 max_age string
6 allow_credentials message:google.protobuf.BoolValue
7 filter_enabled message:envoy.config.core.v3.RuntimeFractionalPercent
8 shadow_enabled message:envoy.config.core.v3.RuntimeFractionalPercent
9 allow_private_network_access message:google.protobuf.BoolValue
10 forward_not_matching_preflights message:google.protobuf.BoolValue`,
  'envoy.extensions.filters.http.fault.v3.FaultAbort': `
2 http_status uint32 oneof:error_type
5 grpc_status uint32 oneof:error_type
4 header_abort message:envoy.extensions.filters.http.fault.v3.FaultAbort.HeaderAbort oneof:error_type
3 percentage message:envoy.type.v3.FractionalPercent`,
  'envoy.extensions.filters.http.fault.v3.FaultAbort.HeaderAbort': ``,
  'envoy.extensions.filters.http.fault.v3.HTTPFault': `
1 delay message:envoy.extensions.filters.common.fault.v3.FaultDelay
2 abort message:envoy.extensions.filters.http.fault.v3.FaultAbort
3 upstream_cluster string
4 headers message:envoy.config.route.v3.HeaderMatcher repeated
5 downstream_nodes string repeated
6 max_active_faults message:google.protobuf.UInt32Value
7 response_rate_limit message:envoy.extensions.filters.common.fault.v3.FaultRateLimit
8 delay_percent_runtime string
9 abort_percent_runtime string
10 delay_duration_runtime string
11 abort_http_status_runtime string
12 max_active_faults_runtime string
13 response_rate_limit_percent_runtime string
14 abort_grpc_status_runtime string
15 disable_downstream_cluster_stats bool`,
  'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation': `
1 mutations message:envoy.extensions.filters.http.header_mutation.v3.Mutations
2 most_specific_header_mutations_wins bool`,
  'envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute': `
1 mutations message:envoy.extensions.filters.http.header_mutation.v3.Mutations`,
  'envoy.extensions.filters.http.header_mutation.v3.Mutations': `
1 request_mutations message:envoy.config.common.mutation_rules.v3.HeaderMutation repeated
2 response_mutations message:envoy.config.common.mutation_rules.v3.HeaderMutation repeated`,
  'envoy.extensions.filters.http.health_check.v3.HealthCheck': `
1 pass_through_mode message:google.protobuf.BoolValue
3 cache_time message:google.protobuf.Duration
4 cluster_min_healthy_percentages message:envoy.type.v3.Percent map
5 headers message:envoy.config.route.v3.HeaderMatcher repeated`,
  'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit': `
1 stat_prefix string
2 status message:envoy.type.v3.HttpStatus
3 token_bucket message:envoy.type.v3.TokenBucket
4 filter_enabled message:envoy.config.core.v3.RuntimeFractionalPercent
5 filter_enforced message:envoy.config.core.v3.RuntimeFractionalPercent
10 request_headers_to_add_when_not_enforced message:envoy.config.core.v3.HeaderValueOption repeated
6 response_headers_to_add message:envoy.config.core.v3.HeaderValueOption repeated
8 descriptors message:envoy.extensions.common.ratelimit.v3.LocalRateLimitDescriptor repeated
9 stage uint32
11 local_rate_limit_per_downstream_connection bool
12 enable_x_ratelimit_headers enum:envoy.extensions.common.ratelimit.v3.XRateLimitHeadersRFCVersion
13 vh_rate_limits enum:envoy.extensions.common.ratelimit.v3.VhRateLimitsOptions
14 always_consume_default_token_bucket message:google.protobuf.BoolValue
15 rate_limited_as_resource_exhausted bool`,
  'envoy.extensions.filters.http.on_demand.v3.OnDemand': `
1 odcds message:envoy.extensions.filters.http.on_demand.v3.OnDemandCds`,
  'envoy.extensions.filters.http.on_demand.v3.OnDemandCds': `
1 source message:envoy.config.core.v3.ConfigSource
3 timeout message:google.protobuf.Duration`,
  'envoy.extensions.filters.http.rbac.v3.RBAC': `
1 rules message:envoy.config.rbac.v3.RBAC
2 shadow_rules message:envoy.config.rbac.v3.RBAC
3 shadow_rules_stat_prefix string
6 rules_stat_prefix string
7 track_per_rule_stats bool`,
  'envoy.extensions.filters.http.rbac.v3.RBACPerRoute': `
2 rbac message:envoy.extensions.filters.http.rbac.v3.RBAC`,
  'envoy.extensions.filters.http.router.v3.Router': `
1 dynamic_stats message:google.protobuf.BoolValue
3 upstream_log message:envoy.config.accesslog.v3.AccessLog repeated
4 suppress_envoy_headers bool
5 strict_check_headers string repeated
6 respect_expected_rq_timeout bool
7 suppress_grpc_request_failure_code_stats bool`,
  'envoy.extensions.filters.http.stateful_session.v3.StatefulSession': `
1 session_state message:envoy.config.core.v3.TypedExtensionConfig
2 strict bool`,
  'envoy.extensions.filters.http.stateful_session.v3.StatefulSessionPerRoute': `
1 disabled bool oneof:override
2 stateful_session message:envoy.extensions.filters.http.stateful_session.v3.StatefulSession oneof:override`,
  'envoy.extensions.filters.listener.http_inspector.v3.HttpInspector': ``,
  'envoy.extensions.filters.listener.original_dst.v3.OriginalDst': ``,
  'envoy.extensions.filters.listener.original_src.v3.OriginalSrc': `
1 bind_port bool
2 mark uint32`,
  'envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol': `
2 allow_requests_without_proxy_protocol bool
4 disallowed_versions enum:envoy.config.core.v3.ProxyProtocolConfig.Version repeated
5 stat_prefix string`,
  'envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector': `
1 enable_ja3_fingerprinting message:google.protobuf.BoolValue
2 initial_read_buffer_size message:google.protobuf.UInt32Value`,
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager': `
1 codec_type enum:envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.CodecType
2 stat_prefix string
3 rds message:envoy.extensions.filters.network.http_connection_manager.v3.Rds oneof:route_specifier
4 route_config message:envoy.config.route.v3.RouteConfiguration oneof:route_specifier
5 http_filters message:envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter repeated
6 add_user_agent message:google.protobuf.BoolValue
7 tracing message:envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.Tracing
35 common_http_protocol_options message:envoy.config.core.v3.HttpProtocolOptions
8 http_protocol_options message:envoy.config.core.v3.Http1ProtocolOptions
9 http2_protocol_options message:envoy.config.core.v3.Http2ProtocolOptions
10 server_name string
34 server_header_transformation enum:envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.ServerHeaderTransformation
48 scheme_header_transformation message:envoy.config.core.v3.SchemeHeaderTransformation
29 max_request_headers_kb message:google.protobuf.UInt32Value
24 stream_idle_timeout message:google.protobuf.Duration
28 request_timeout message:google.protobuf.Duration
41 request_headers_timeout message:google.protobuf.Duration
12 drain_timeout message:google.protobuf.Duration
26 delayed_close_timeout message:google.protobuf.Duration
13 access_log message:envoy.config.accesslog.v3.AccessLog repeated
56 access_log_options message:envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.HcmAccessLogOptions
14 use_remote_address message:google.protobuf.BoolValue
19 xff_num_trusted_hops uint32
25 internal_address_config message:envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.InternalAddressConfig
21 skip_xff_append bool
22 via string
15 generate_request_id message:google.protobuf.BoolValue
32 preserve_external_request_id bool
37 always_set_request_id_in_response bool
16 forward_client_cert_details enum:envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.ForwardClientCertDetails
17 set_current_client_cert_details message:envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.SetCurrentClientCertDetails
18 proxy_100_continue bool
23 upgrade_configs message:envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.UpgradeConfig repeated
30 normalize_path message:google.protobuf.BoolValue
33 merge_slashes bool
45 path_with_escaped_slashes_action enum:envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.PathWithEscapedSlashesAction
36 request_id_extension message:envoy.extensions.filters.network.http_connection_manager.v3.RequestIDExtension
38 local_reply_config message:envoy.extensions.filters.network.http_connection_manager.v3.LocalReplyConfig
39 strip_matching_host_port bool
42 strip_any_host_port bool oneof:strip_port_mode
40 stream_error_on_invalid_http_message message:google.protobuf.BoolValue
47 strip_trailing_host_dot bool
51 append_x_forwarded_port bool`,
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.HcmAccessLogOptions': `
1 access_log_flush_interval message:google.protobuf.Duration
2 flush_access_log_on_new_request bool`,
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.InternalAddressConfig': `
1 unix_sockets bool
2 cidr_ranges message:envoy.config.core.v3.CidrRange repeated`,
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.SetCurrentClientCertDetails': `
1 subject message:google.protobuf.BoolValue
3 cert bool
6 chain bool
4 dns bool
5 uri bool`,
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.Tracing': `
3 client_sampling message:envoy.type.v3.Percent
4 random_sampling message:envoy.type.v3.Percent
5 overall_sampling message:envoy.type.v3.Percent
6 verbose bool
7 max_path_tag_length message:google.protobuf.UInt32Value
8 custom_tags message:envoy.type.tracing.v3.CustomTag repeated
10 spawn_upstream_span message:google.protobuf.BoolValue`,
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.UpgradeConfig': `
1 upgrade_type string
2 filters message:envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter repeated
3 enabled message:google.protobuf.BoolValue`,
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter': `
1 name string
4 typed_config message:google.protobuf.Any oneof:config_type
6 is_optional bool
7 disabled bool`,
  'envoy.extensions.filters.network.http_connection_manager.v3.LocalReplyConfig': `
1 mappers message:envoy.extensions.filters.network.http_connection_manager.v3.ResponseMapper repeated
2 body_format message:envoy.config.core.v3.SubstitutionFormatString`,
  'envoy.extensions.filters.network.http_connection_manager.v3.Rds': `
1 config_source message:envoy.config.core.v3.ConfigSource
2 route_config_name string`,
  'envoy.extensions.filters.network.http_connection_manager.v3.RequestIDExtension': `
1 typed_config message:google.protobuf.Any`,
  'envoy.extensions.filters.network.http_connection_manager.v3.ResponseMapper': `
1 filter message:envoy.config.accesslog.v3.AccessLogFilter
2 status_code message:google.protobuf.UInt32Value
3 body message:envoy.config.core.v3.DataSource
4 body_format_override message:envoy.config.core.v3.SubstitutionFormatString
5 headers_to_add message:envoy.config.core.v3.HeaderValueOption repeated`,
  'envoy.extensions.filters.network.rbac.v3.RBAC': `
1 rules message:envoy.config.rbac.v3.RBAC
2 shadow_rules message:envoy.config.rbac.v3.RBAC
5 shadow_rules_stat_prefix string
3 stat_prefix string
4 enforcement_type enum:envoy.extensions.filters.network.rbac.v3.RBAC.EnforcementType`,
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy': `
1 stat_prefix string
2 cluster string oneof:cluster_specifier
10 weighted_clusters message:envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.WeightedCluster oneof:cluster_specifier
9 metadata_match message:envoy.config.core.v3.Metadata
8 idle_timeout message:google.protobuf.Duration
5 access_log message:envoy.config.accesslog.v3.AccessLog repeated
7 max_connect_attempts message:google.protobuf.UInt32Value
11 hash_policy message:envoy.type.v3.HashPolicy repeated
13 max_downstream_connection_duration message:google.protobuf.Duration
17 access_log_options message:envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.TcpAccessLogOptions`,
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.TcpAccessLogOptions': `
1 access_log_flush_interval message:google.protobuf.Duration
2 flush_access_log_on_connected bool`,
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.WeightedCluster': `
1 clusters message:envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.WeightedCluster.ClusterWeight repeated`,
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.WeightedCluster.ClusterWeight': `
1 name string
2 weight uint32
3 metadata_match message:envoy.config.core.v3.Metadata`,
  'envoy.extensions.filters.udp.dns_filter.v3.DnsFilterConfig': `
1 stat_prefix string
2 server_config message:envoy.extensions.filters.udp.dns_filter.v3.DnsFilterConfig.ServerContextConfig
3 client_config message:envoy.extensions.filters.udp.dns_filter.v3.DnsFilterConfig.ClientContextConfig`,
  'envoy.extensions.filters.udp.dns_filter.v3.DnsFilterConfig.ClientContextConfig': `
1 resolver_timeout message:google.protobuf.Duration
4 typed_dns_resolver_config message:envoy.config.core.v3.TypedExtensionConfig
3 max_pending_lookups uint64`,
  'envoy.extensions.filters.udp.dns_filter.v3.DnsFilterConfig.ServerContextConfig': `
1 inline_dns_table message:envoy.data.dns.v3.DnsTable oneof:config_source`,
  'envoy.extensions.http.stateful_session.cookie.v3.CookieBasedSessionState': `
1 cookie message:envoy.type.http.v3.Cookie`,
  'envoy.extensions.http.stateful_session.header.v3.HeaderBasedSessionState': `
1 name string`,
  'envoy.extensions.load_balancing_policies.common.v3.ConsistentHashingLbConfig': `
1 use_hostname_for_hashing bool
2 hash_balance_factor message:google.protobuf.UInt32Value`,
  'envoy.extensions.load_balancing_policies.common.v3.LocalityLbConfig': `
1 zone_aware_lb_config message:envoy.extensions.load_balancing_policies.common.v3.LocalityLbConfig.ZoneAwareLbConfig oneof:locality_config_specifier
2 locality_weighted_lb_config message:envoy.extensions.load_balancing_policies.common.v3.LocalityLbConfig.LocalityWeightedLbConfig oneof:locality_config_specifier`,
  'envoy.extensions.load_balancing_policies.common.v3.LocalityLbConfig.LocalityWeightedLbConfig': ``,
  'envoy.extensions.load_balancing_policies.common.v3.LocalityLbConfig.ZoneAwareLbConfig': `
1 routing_enabled message:envoy.type.v3.Percent
2 min_cluster_size message:google.protobuf.UInt64Value
3 fail_traffic_on_panic bool`,
  'envoy.extensions.load_balancing_policies.common.v3.SlowStartConfig': `
1 slow_start_window message:google.protobuf.Duration
2 aggression message:envoy.config.core.v3.RuntimeDouble
3 min_weight_percent message:envoy.type.v3.Percent`,
  'envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest': `
1 choice_count message:google.protobuf.UInt32Value
2 active_request_bias message:envoy.config.core.v3.RuntimeDouble
3 slow_start_config message:envoy.extensions.load_balancing_policies.common.v3.SlowStartConfig
4 locality_lb_config message:envoy.extensions.load_balancing_policies.common.v3.LocalityLbConfig
6 selection_method enum:envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest.SelectionMethod`,
  'envoy.extensions.load_balancing_policies.maglev.v3.Maglev': `
1 table_size message:google.protobuf.UInt64Value
2 consistent_hashing_lb_config message:envoy.extensions.load_balancing_policies.common.v3.ConsistentHashingLbConfig
3 locality_weighted_lb_config message:envoy.extensions.load_balancing_policies.common.v3.LocalityLbConfig.LocalityWeightedLbConfig`,
  'envoy.extensions.load_balancing_policies.pick_first.v3.PickFirst': `
1 shuffle_address_list bool`,
  'envoy.extensions.load_balancing_policies.random.v3.Random': `
1 locality_lb_config message:envoy.extensions.load_balancing_policies.common.v3.LocalityLbConfig`,
  'envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash': `
1 hash_function enum:envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash.HashFunction
2 minimum_ring_size message:google.protobuf.UInt64Value
3 maximum_ring_size message:google.protobuf.UInt64Value
6 consistent_hashing_lb_config message:envoy.extensions.load_balancing_policies.common.v3.ConsistentHashingLbConfig
7 locality_weighted_lb_config message:envoy.extensions.load_balancing_policies.common.v3.LocalityLbConfig.LocalityWeightedLbConfig`,
  'envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin': `
1 slow_start_config message:envoy.extensions.load_balancing_policies.common.v3.SlowStartConfig
2 locality_lb_config message:envoy.extensions.load_balancing_policies.common.v3.LocalityLbConfig`,
  'envoy.extensions.load_balancing_policies.wrr_locality.v3.WrrLocality': `
1 endpoint_picking_policy message:envoy.config.cluster.v3.LoadBalancingPolicy`,
  'envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig': `
1 resolvers message:envoy.config.core.v3.Address repeated
3 use_resolvers_as_fallback bool`,
  'envoy.extensions.rate_limit_descriptors.expr.v3.Descriptor': `
1 descriptor_key string
2 skip_if_error bool
3 text string oneof:expr_specifier`,
  'envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig': `
1 pack_trace_reason message:google.protobuf.BoolValue
2 use_request_id_for_trace_sampling message:google.protobuf.BoolValue`,
  'envoy.extensions.retry.host.omit_canary_hosts.v3.OmitCanaryHostsPredicate': ``,
  'envoy.extensions.retry.host.omit_host_metadata.v3.OmitHostMetadataConfig': `
1 metadata_match message:envoy.config.core.v3.Metadata`,
  'envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate': ``,
  'envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig': `
1 update_frequency int32`,
  'envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport': `
1 config message:envoy.config.core.v3.ProxyProtocolConfig
2 transport_socket message:envoy.config.core.v3.TransportSocket`,
  'envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer': ``,
  'envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext': `
1 trusted_ca message:envoy.config.core.v3.DataSource
17 system_root_certs message:envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext.SystemRootCerts
11 watched_directory message:envoy.config.core.v3.WatchedDirectory
3 verify_certificate_spki string repeated
2 verify_certificate_hash string repeated
15 match_typed_subject_alt_names message:envoy.extensions.transport_sockets.tls.v3.SubjectAltNameMatcher repeated
7 crl message:envoy.config.core.v3.DataSource
8 allow_expired_certificate bool
10 trust_chain_verification enum:envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext.TrustChainVerification
14 only_verify_leaf_cert_crl bool
16 max_verify_depth message:google.protobuf.UInt32Value`,
  'envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext.SystemRootCerts': ``,
  'envoy.extensions.transport_sockets.tls.v3.CommonTlsContext': `
1 tls_params message:envoy.extensions.transport_sockets.tls.v3.TlsParameters
2 tls_certificates message:envoy.extensions.transport_sockets.tls.v3.TlsCertificate repeated
6 tls_certificate_sds_secret_configs message:envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig repeated
3 validation_context message:envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext oneof:validation_context_type
7 validation_context_sds_secret_config message:envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig oneof:validation_context_type
8 combined_validation_context message:envoy.extensions.transport_sockets.tls.v3.CommonTlsContext.CombinedCertificateValidationContext oneof:validation_context_type
4 alpn_protocols string repeated`,
  'envoy.extensions.transport_sockets.tls.v3.CommonTlsContext.CombinedCertificateValidationContext': `
1 default_validation_context message:envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext
2 validation_context_sds_secret_config message:envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig`,
  'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext': `
1 common_tls_context message:envoy.extensions.transport_sockets.tls.v3.CommonTlsContext
2 require_client_certificate message:google.protobuf.BoolValue
3 require_sni message:google.protobuf.BoolValue
4 session_ticket_keys message:envoy.extensions.transport_sockets.tls.v3.TlsSessionTicketKeys oneof:session_ticket_keys_type
5 session_ticket_keys_sds_secret_config message:envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig oneof:session_ticket_keys_type
7 disable_stateless_session_resumption bool oneof:session_ticket_keys_type
10 disable_stateful_session_resumption bool
6 session_timeout message:google.protobuf.Duration`,
  'envoy.extensions.transport_sockets.tls.v3.GenericSecret': `
1 secret message:envoy.config.core.v3.DataSource`,
  'envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig': `
1 name string
2 sds_config message:envoy.config.core.v3.ConfigSource`,
  'envoy.extensions.transport_sockets.tls.v3.Secret': `
1 name string
2 tls_certificate message:envoy.extensions.transport_sockets.tls.v3.TlsCertificate oneof:type
3 session_ticket_keys message:envoy.extensions.transport_sockets.tls.v3.TlsSessionTicketKeys oneof:type
4 validation_context message:envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext oneof:type
5 generic_secret message:envoy.extensions.transport_sockets.tls.v3.GenericSecret oneof:type`,
  'envoy.extensions.transport_sockets.tls.v3.SubjectAltNameMatcher': `
1 san_type enum:envoy.extensions.transport_sockets.tls.v3.SubjectAltNameMatcher.SanType
2 matcher message:envoy.type.matcher.v3.StringMatcher`,
  'envoy.extensions.transport_sockets.tls.v3.TlsCertificate': `
1 certificate_chain message:envoy.config.core.v3.DataSource
2 private_key message:envoy.config.core.v3.DataSource
8 pkcs12 message:envoy.config.core.v3.DataSource
7 watched_directory message:envoy.config.core.v3.WatchedDirectory
3 password message:envoy.config.core.v3.DataSource`,
  'envoy.extensions.transport_sockets.tls.v3.TlsParameters': `
1 tls_minimum_protocol_version enum:envoy.extensions.transport_sockets.tls.v3.TlsParameters.TlsProtocol
2 tls_maximum_protocol_version enum:envoy.extensions.transport_sockets.tls.v3.TlsParameters.TlsProtocol
3 cipher_suites string repeated
4 ecdh_curves string repeated
5 signature_algorithms string repeated`,
  'envoy.extensions.transport_sockets.tls.v3.TlsSessionTicketKeys': `
1 keys message:envoy.config.core.v3.DataSource repeated`,
  'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext': `
1 common_tls_context message:envoy.extensions.transport_sockets.tls.v3.CommonTlsContext
2 sni string
4 max_session_keys message:google.protobuf.UInt32Value`,
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': `
1 common_http_protocol_options message:envoy.config.core.v3.HttpProtocolOptions
2 upstream_http_protocol_options message:envoy.config.core.v3.UpstreamHttpProtocolOptions
3 explicit_http_config message:envoy.extensions.upstreams.http.v3.HttpProtocolOptions.ExplicitHttpConfig oneof:upstream_protocol_options
4 use_downstream_protocol_config message:envoy.extensions.upstreams.http.v3.HttpProtocolOptions.UseDownstreamHttpConfig oneof:upstream_protocol_options
5 auto_config message:envoy.extensions.upstreams.http.v3.HttpProtocolOptions.AutoHttpConfig oneof:upstream_protocol_options`,
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions.AutoHttpConfig': `
1 http_protocol_options message:envoy.config.core.v3.Http1ProtocolOptions
2 http2_protocol_options message:envoy.config.core.v3.Http2ProtocolOptions`,
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions.ExplicitHttpConfig': `
1 http_protocol_options message:envoy.config.core.v3.Http1ProtocolOptions oneof:protocol_config
2 http2_protocol_options message:envoy.config.core.v3.Http2ProtocolOptions oneof:protocol_config`,
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions.UseDownstreamHttpConfig': `
1 http_protocol_options message:envoy.config.core.v3.Http1ProtocolOptions
2 http2_protocol_options message:envoy.config.core.v3.Http2ProtocolOptions`,
  'envoy.service.discovery.v3.DeltaDiscoveryRequest': `
1 node message:envoy.config.core.v3.Node
2 type_url string
3 resource_names_subscribe string repeated
4 resource_names_unsubscribe string repeated
5 initial_resource_versions string map
6 response_nonce string
7 error_detail message:google.rpc.Status`,
  'envoy.service.discovery.v3.DeltaDiscoveryResponse': `
1 system_version_info string
2 resources message:envoy.service.discovery.v3.Resource repeated
4 type_url string
6 removed_resources string repeated
5 nonce string
7 control_plane message:envoy.config.core.v3.ControlPlane`,
  'envoy.service.discovery.v3.DiscoveryRequest': `
1 version_info string
2 node message:envoy.config.core.v3.Node
3 resource_names string repeated
4 type_url string
5 response_nonce string
6 error_detail message:google.rpc.Status`,
  'envoy.service.discovery.v3.DiscoveryResponse': `
1 version_info string
2 resources message:google.protobuf.Any repeated
3 canary bool
4 type_url string
5 nonce string
6 control_plane message:envoy.config.core.v3.ControlPlane`,
  'envoy.service.discovery.v3.Resource': `
3 name string
4 aliases string repeated
1 version string
2 resource message:google.protobuf.Any
6 ttl message:google.protobuf.Duration
7 cache_control message:envoy.service.discovery.v3.Resource.CacheControl`,
  'envoy.service.discovery.v3.Resource.CacheControl': `
1 do_not_cache bool`,
  'envoy.service.load_stats.v3.LoadStatsRequest': `
1 node message:envoy.config.core.v3.Node
2 cluster_stats message:envoy.config.endpoint.v3.ClusterStats repeated`,
  'envoy.service.load_stats.v3.LoadStatsResponse': `
1 clusters string repeated
4 send_all_clusters bool
2 load_reporting_interval message:google.protobuf.Duration
3 report_endpoint_granularity bool`,
  'envoy.service.status.v3.ClientConfig': `
1 node message:envoy.config.core.v3.Node
3 generic_xds_configs message:envoy.service.status.v3.ClientConfig.GenericXdsConfig repeated
4 client_scope string`,
  'envoy.service.status.v3.ClientConfig.GenericXdsConfig': `
1 type_url string
2 name string
3 version_info string
4 xds_config message:google.protobuf.Any
5 last_updated message:google.protobuf.Timestamp
6 config_status enum:envoy.service.status.v3.ConfigStatus
7 client_status enum:envoy.admin.v3.ClientResourceStatus
8 error_state message:envoy.admin.v3.UpdateFailureState
9 is_static_resource bool`,
  'envoy.service.status.v3.ClientStatusRequest': `
1 node_matchers message:envoy.type.matcher.v3.NodeMatcher repeated
2 node message:envoy.config.core.v3.Node
3 exclude_resource_contents bool`,
  'envoy.service.status.v3.ClientStatusResponse': `
1 config message:envoy.service.status.v3.ClientConfig repeated`,
  'envoy.type.http.v3.Cookie': `
1 name string
2 ttl message:google.protobuf.Duration
3 path string`,
  'envoy.type.matcher.v3.DoubleMatcher': `
1 range message:envoy.type.v3.DoubleRange oneof:match_pattern
2 exact double oneof:match_pattern`,
  'envoy.type.matcher.v3.ListMatcher': `
1 one_of message:envoy.type.matcher.v3.ValueMatcher oneof:match_pattern`,
  'envoy.type.matcher.v3.ListStringMatcher': `
1 patterns message:envoy.type.matcher.v3.StringMatcher repeated`,
  'envoy.type.matcher.v3.MetadataMatcher': `
1 filter string
2 path message:envoy.type.matcher.v3.MetadataMatcher.PathSegment repeated
3 value message:envoy.type.matcher.v3.ValueMatcher
4 invert bool`,
  'envoy.type.matcher.v3.MetadataMatcher.PathSegment': `
1 key string oneof:segment`,
  'envoy.type.matcher.v3.NodeMatcher': `
1 node_id message:envoy.type.matcher.v3.StringMatcher
2 node_metadatas message:envoy.type.matcher.v3.StructMatcher repeated`,
  'envoy.type.matcher.v3.PathMatcher': `
1 path message:envoy.type.matcher.v3.StringMatcher oneof:rule`,
  'envoy.type.matcher.v3.RegexMatchAndSubstitute': `
1 pattern message:envoy.type.matcher.v3.RegexMatcher
2 substitution string`,
  'envoy.type.matcher.v3.RegexMatcher': `
2 regex string`,
  'envoy.type.matcher.v3.StringMatcher': `
1 exact string oneof:match_pattern
2 prefix string oneof:match_pattern
3 suffix string oneof:match_pattern
5 safe_regex message:envoy.type.matcher.v3.RegexMatcher oneof:match_pattern
7 contains string oneof:match_pattern
6 ignore_case bool`,
  'envoy.type.matcher.v3.StructMatcher': `
2 path message:envoy.type.matcher.v3.StructMatcher.PathSegment repeated
3 value message:envoy.type.matcher.v3.ValueMatcher`,
  'envoy.type.matcher.v3.StructMatcher.PathSegment': `
1 key string oneof:segment`,
  'envoy.type.matcher.v3.ValueMatcher': `
1 null_match message:envoy.type.matcher.v3.ValueMatcher.NullMatch oneof:match_pattern
2 double_match message:envoy.type.matcher.v3.DoubleMatcher oneof:match_pattern
3 string_match message:envoy.type.matcher.v3.StringMatcher oneof:match_pattern
4 bool_match bool oneof:match_pattern
5 present_match bool oneof:match_pattern
6 list_match message:envoy.type.matcher.v3.ListMatcher oneof:match_pattern`,
  'envoy.type.matcher.v3.ValueMatcher.NullMatch': ``,
  'envoy.type.metadata.v3.MetadataKey': `
1 key string
2 path message:envoy.type.metadata.v3.MetadataKey.PathSegment repeated`,
  'envoy.type.metadata.v3.MetadataKey.PathSegment': `
1 key string oneof:segment`,
  'envoy.type.metadata.v3.MetadataKind': `
1 request message:envoy.type.metadata.v3.MetadataKind.Request oneof:kind
2 route message:envoy.type.metadata.v3.MetadataKind.Route oneof:kind
3 cluster message:envoy.type.metadata.v3.MetadataKind.Cluster oneof:kind
4 host message:envoy.type.metadata.v3.MetadataKind.Host oneof:kind`,
  'envoy.type.metadata.v3.MetadataKind.Cluster': ``,
  'envoy.type.metadata.v3.MetadataKind.Host': ``,
  'envoy.type.metadata.v3.MetadataKind.Request': ``,
  'envoy.type.metadata.v3.MetadataKind.Route': ``,
  'envoy.type.tracing.v3.CustomTag': `
1 tag string
2 literal message:envoy.type.tracing.v3.CustomTag.Literal oneof:type
3 environment message:envoy.type.tracing.v3.CustomTag.Environment oneof:type
4 request_header message:envoy.type.tracing.v3.CustomTag.Header oneof:type
5 metadata message:envoy.type.tracing.v3.CustomTag.Metadata oneof:type`,
  'envoy.type.tracing.v3.CustomTag.Environment': `
1 name string
2 default_value string`,
  'envoy.type.tracing.v3.CustomTag.Header': `
1 name string
2 default_value string`,
  'envoy.type.tracing.v3.CustomTag.Literal': `
1 value string`,
  'envoy.type.tracing.v3.CustomTag.Metadata': `
1 kind message:envoy.type.metadata.v3.MetadataKind
2 metadata_key message:envoy.type.metadata.v3.MetadataKey
3 default_value string`,
  'envoy.type.v3.DoubleRange': `
1 start double
2 end double`,
  'envoy.type.v3.FractionalPercent': `
1 numerator uint32
2 denominator enum:envoy.type.v3.FractionalPercent.DenominatorType`,
  'envoy.type.v3.HashPolicy': `
1 source_ip message:envoy.type.v3.HashPolicy.SourceIp oneof:policy_specifier`,
  'envoy.type.v3.HashPolicy.SourceIp': ``,
  'envoy.type.v3.HttpStatus': `
1 code enum:envoy.type.v3.StatusCode`,
  'envoy.type.v3.Int32Range': `
1 start int32
2 end int32`,
  'envoy.type.v3.Int64Range': `
1 start int64:text
2 end int64:text`,
  'envoy.type.v3.Percent': `
1 value double`,
  'envoy.type.v3.SemanticVersion': `
1 major_number uint32
2 minor_number uint32
3 patch uint32`,
  'envoy.type.v3.TokenBucket': `
1 max_tokens uint32
2 tokens_per_fill message:google.protobuf.UInt32Value
3 fill_interval message:google.protobuf.Duration`,
  'etcdserverpb.AuthenticateRequest': `
1 name string
2 password string`,
  'etcdserverpb.AuthenticateResponse': `
1 header message:etcdserverpb.ResponseHeader
2 token string`,
  'etcdserverpb.Compare': `
1 result enum:etcdserverpb.Compare.CompareResult
2 target enum:etcdserverpb.Compare.CompareTarget
3 key bytes
5 create_revision int64 oneof:target_union
6 mod_revision int64 oneof:target_union`,
  'etcdserverpb.DeleteRangeRequest': `
1 key bytes
2 range_end bytes`,
  'etcdserverpb.DeleteRangeResponse': `
1 header message:etcdserverpb.ResponseHeader`,
  'etcdserverpb.LeaseGrantRequest': `
1 TTL int64
2 ID int64:text`,
  'etcdserverpb.LeaseGrantResponse': `
1 header message:etcdserverpb.ResponseHeader
2 ID int64:text
3 TTL int64
4 error string`,
  'etcdserverpb.LeaseKeepAliveRequest': `
1 ID int64:text`,
  'etcdserverpb.LeaseKeepAliveResponse': `
1 header message:etcdserverpb.ResponseHeader
2 ID int64:text
3 TTL int64`,
  'etcdserverpb.LeaseRevokeRequest': `
1 ID int64:text`,
  'etcdserverpb.LeaseRevokeResponse': `
1 header message:etcdserverpb.ResponseHeader`,
  'etcdserverpb.PutRequest': `
1 key bytes
2 value bytes
3 lease int64:text`,
  'etcdserverpb.PutResponse': `
1 header message:etcdserverpb.ResponseHeader`,
  'etcdserverpb.RangeRequest': `
1 key bytes
2 range_end bytes
3 limit int64
4 revision int64
7 serializable bool`,
  'etcdserverpb.RangeResponse': `
1 header message:etcdserverpb.ResponseHeader
2 kvs message:mvccpb.KeyValue repeated
3 more bool`,
  'etcdserverpb.RequestOp': `
1 request_range message:etcdserverpb.RangeRequest oneof:request
2 request_put message:etcdserverpb.PutRequest oneof:request
3 request_delete_range message:etcdserverpb.DeleteRangeRequest oneof:request`,
  'etcdserverpb.ResponseHeader': `
3 revision int64`,
  'etcdserverpb.ResponseOp': `
1 response_range message:etcdserverpb.RangeResponse oneof:response
2 response_put message:etcdserverpb.PutResponse oneof:response
3 response_delete_range message:etcdserverpb.DeleteRangeResponse oneof:response`,
  'etcdserverpb.TxnRequest': `
1 compare message:etcdserverpb.Compare repeated
2 success message:etcdserverpb.RequestOp repeated
3 failure message:etcdserverpb.RequestOp repeated`,
  'etcdserverpb.TxnResponse': `
1 header message:etcdserverpb.ResponseHeader
2 succeeded bool
3 responses message:etcdserverpb.ResponseOp repeated`,
  'etcdserverpb.WatchCreateRequest': `
1 key bytes
2 range_end bytes
3 start_revision int64`,
  'etcdserverpb.WatchProgressRequest': ``,
  'etcdserverpb.WatchRequest': `
1 create_request message:etcdserverpb.WatchCreateRequest oneof:request_union
3 progress_request message:etcdserverpb.WatchProgressRequest oneof:request_union`,
  'etcdserverpb.WatchResponse': `
1 header message:etcdserverpb.ResponseHeader
2 watch_id int64
3 created bool
4 canceled bool
5 compact_revision int64
6 cancel_reason string
11 events message:mvccpb.Event repeated`,
  'google.protobuf.Any': `
1 type_url string
2 value bytes`,
  'google.protobuf.BoolValue': `
1 value bool`,
  'google.protobuf.BytesValue': `
1 value bytes`,
  'google.protobuf.DoubleValue': `
1 value double`,
  'google.protobuf.Duration': `
1 seconds int64
2 nanos int32`,
  'google.protobuf.FloatValue': `
1 value float`,
  'google.protobuf.Int32Value': `
1 value int32`,
  'google.protobuf.Int64Value': `
1 value int64`,
  'google.protobuf.ListValue': `
1 values message:google.protobuf.Value repeated`,
  'google.protobuf.StringValue': `
1 value string`,
  'google.protobuf.Struct': `
1 fields message:google.protobuf.Value map`,
  'google.protobuf.Timestamp': `
1 seconds int64
2 nanos int32`,
  'google.protobuf.UInt32Value': `
1 value uint32`,
  'google.protobuf.UInt64Value': `
1 value uint64`,
  'google.protobuf.Value': `
1 null_value enum:google.protobuf.NullValue oneof:kind
2 number_value double oneof:kind
3 string_value string oneof:kind
4 bool_value bool oneof:kind
5 struct_value message:google.protobuf.Struct oneof:kind
6 list_value message:google.protobuf.ListValue oneof:kind`,
  'google.rpc.Status': `
1 code int32
2 message string
3 details message:google.protobuf.Any repeated`,
  'mvccpb.Event': `
1 type enum:mvccpb.Event.EventType
2 kv message:mvccpb.KeyValue`,
  'mvccpb.KeyValue': `
1 key bytes
2 create_revision int64
3 mod_revision int64
5 value bytes
6 lease int64:text`,
  'outrider.agent.v1.AgentConfig': `
1 cluster_name string
2 identity message:outrider.agent.v1.Identity
3 settings_port uint32
4 settings_file string
5 health_check message:outrider.agent.v1.ApplicationCheck
6 last_known_good_directory string
10 token_file string
11 probes message:outrider.agent.v1.ApplicationCheck map`,
  'outrider.agent.v1.AgentMessage': `
1 register message:outrider.agent.v1.Register oneof:message
2 heartbeat message:outrider.agent.v1.Heartbeat oneof:message
3 load_report message:outrider.agent.v1.LoadReport oneof:message
4 deregister message:outrider.agent.v1.Deregister oneof:message
5 breaker_report message:outrider.agent.v1.BreakerReport oneof:message
6 leave message:outrider.agent.v1.Leave oneof:message`,
  'outrider.agent.v1.ApplicationCheck': `
1 http message:outrider.agent.v1.HttpProbe oneof:probe
2 tcp message:outrider.agent.v1.TcpProbe oneof:probe
6 grpc message:outrider.agent.v1.GrpcProbe oneof:probe
7 command message:outrider.agent.v1.CommandProbe oneof:probe
3 port uint32
4 interval_ms uint32
5 timeout_ms uint32
8 retries uint32
9 start_period_ms uint32
10 start_interval_ms uint32`,
  'outrider.agent.v1.BreakerReport': `
1 breakers message:outrider.agent.v1.BreakerView repeated`,
  'outrider.agent.v1.BreakerView': `
1 name string
2 open bool
3 requests uint32`,
  'outrider.agent.v1.CommandProbe': `
1 arguments string repeated
2 working_directory string
3 environment string map`,
  'outrider.agent.v1.ControlMessage': `
1 registered message:outrider.agent.v1.Registered oneof:message
2 heartbeat_ack message:outrider.agent.v1.HeartbeatAck oneof:message
3 drain message:outrider.agent.v1.Drain oneof:message
4 refused message:outrider.agent.v1.Refused oneof:message`,
  'outrider.agent.v1.Deregister': `
1 reason string`,
  'outrider.agent.v1.Drain': `
1 deadline_ms uint32
2 reason string`,
  'outrider.agent.v1.Edge': `
1 cluster string
2 requests uint64
3 errors uint64
4 p99_us uint64`,
  'outrider.agent.v1.GrpcProbe': `
1 service string`,
  'outrider.agent.v1.Heartbeat': `
1 sequence uint64
2 health enum:outrider.agent.v1.Health
3 health_reason string`,
  'outrider.agent.v1.HeartbeatAck': `
1 sequence uint64
2 heartbeat_interval_ms uint32
3 suspect_after_ms uint32
4 gone_after_ms uint32`,
  'outrider.agent.v1.HttpProbe': `
1 path string
2 tls bool
3 headers string map`,
  'outrider.agent.v1.Identity': `
1 workload string
2 services string repeated
3 version string
4 zone string
5 address string
6 port uint32
7 protocol string
8 weight uint32
9 metadata string map
10 region string
11 sub_zone string`,
  'outrider.agent.v1.Leave': `
1 reason string`,
  'outrider.agent.v1.LoadReport': `
1 window_ms uint32
2 in_flight uint32
3 queue_wait_us uint64
4 limit_saturation double
5 requests uint64
6 errors uint64
7 p50_latency_us uint64
8 p99_latency_us uint64
9 cpu_fraction double
10 memory_bytes uint64
11 edges message:outrider.agent.v1.Edge repeated
12 unfinished uint32`,
  'outrider.agent.v1.Refused': `
1 reason string`,
  'outrider.agent.v1.Register': `
1 node_id string
2 identity message:outrider.agent.v1.Identity
3 pid uint32
4 lease_id string
5 incarnation string`,
  'outrider.agent.v1.Registered': `
1 lease_id string
2 heartbeat_interval_ms uint32
3 suspect_after_ms uint32
4 gone_after_ms uint32`,
  'outrider.agent.v1.TcpProbe': ``,
  'outrider.config.v1.ConfigEntry': `
1 key string
2 text string oneof:value
3 data bytes oneof:value
4 revision uint64
5 content_type string`,
  'outrider.config.v1.ConfigSet': `
1 name string
2 revision uint64
3 entries message:outrider.config.v1.ConfigEntry repeated`,
  'outrider.filters.http.v1.AdaptiveLimit': `
1 initial_limit uint32
2 min_limit uint32
3 max_limit uint32
4 tolerance double
5 max_queue uint32
6 max_wait message:google.protobuf.Duration
7 priority_header string
8 exempt message:envoy.config.route.v3.HeaderMatcher repeated`,
  'outrider.filters.http.v1.Deadline': ``,
  'outrider.filters.http.v1.ExpiringFault': `
1 fault message:envoy.extensions.filters.http.fault.v3.HTTPFault
2 expires_at message:google.protobuf.Timestamp`,
  'outrider.filters.http.v1.Quota': `
1 service string
2 limits message:outrider.filters.http.v1.QuotaLimit repeated`,
  'outrider.filters.http.v1.QuotaLimit': `
1 name string
2 headers message:envoy.config.route.v3.HeaderMatcher repeated
3 per_header string
4 requests_per_second double
5 burst double
6 max_values uint32
7 per_caller bool`,
  'outrider.lb.v1.PeakEwma': `
1 decay message:google.protobuf.Duration
2 initial_latency message:google.protobuf.Duration
3 overload_penalty message:google.protobuf.Duration
4 slow_start_config message:envoy.extensions.load_balancing_policies.common.v3.SlowStartConfig
5 max_overload_penalty message:google.protobuf.Duration`,
  'outrider.resilience.v1.Breaker': `
1 minimum_requests uint32
2 window message:google.protobuf.Duration
3 failure_percent double
4 slow_after message:google.protobuf.Duration
5 slow_percent double
6 consecutive_failures uint32
7 open_for message:google.protobuf.Duration
8 probes uint32
9 successes_to_close uint32`,
  'outrider.resilience.v1.ClusterPolicy': `
1 retry_budget message:outrider.resilience.v1.RetryBudget
2 max_pending_wait message:google.protobuf.Duration
3 max_requests_per_endpoint uint32
4 max_pending_per_endpoint uint32
5 service_breaker message:outrider.resilience.v1.Breaker
6 ejection message:outrider.resilience.v1.Ejection
7 slow_start_successes uint32`,
  'outrider.resilience.v1.Ejection': `
1 keep_last bool
2 exponential bool
3 probe bool`,
  'outrider.resilience.v1.Fallback': `
1 static message:outrider.resilience.v1.StaticAnswer oneof:answer
2 last_good message:outrider.resilience.v1.LastGood oneof:answer
3 cluster string oneof:answer`,
  'outrider.resilience.v1.Hedging': `
1 percentile double
2 max_extra_percent double
3 min_delay message:google.protobuf.Duration`,
  'outrider.resilience.v1.LastGood': `
1 max_age message:google.protobuf.Duration
2 max_bytes uint32
3 max_entries uint32`,
  'outrider.resilience.v1.RequestBreaker': `
1 name string
2 breaker message:outrider.resilience.v1.Breaker
3 shared bool`,
  'outrider.resilience.v1.RetryBudget': `
1 percent double
2 window message:google.protobuf.Duration
3 min_retries_per_second message:google.protobuf.DoubleValue`,
  'outrider.resilience.v1.RoutePolicy': `
1 safe_retries message:outrider.resilience.v1.SafeRetries
2 hedging message:outrider.resilience.v1.Hedging
3 request_breaker message:outrider.resilience.v1.RequestBreaker
4 fallbacks message:outrider.resilience.v1.Fallback repeated
5 propagate_deadline bool
6 timeout_spares_streams bool`,
  'outrider.resilience.v1.SafeRetries': `
1 idempotency_headers string repeated
2 max_retry_after message:google.protobuf.Duration
3 retry_on string`,
  'outrider.resilience.v1.SharedBreaker': `
1 name string
2 open_for message:google.protobuf.Duration
3 sequence uint64
4 open_callers uint32
5 callers uint32`,
  'outrider.resilience.v1.StaticAnswer': `
1 status uint32
2 content_type string
3 body string`,
  'outrider.scaling.v1.ScalingDecision': `
1 name string
2 desired_replicas uint32
3 ready_replicas uint32
4 revision uint64
5 reason string
6 decided_at message:google.protobuf.Timestamp`,
};

/** Values of every enum. */
export const ENUM_ROWS: Readonly<Record<string, EnumRow>> = {
  'envoy.admin.v3.ClientResourceStatus': 'UNKNOWN=0 REQUESTED=1 DOES_NOT_EXIST=2 ACKED=3 NACKED=4',
  'envoy.admin.v3.ServerInfo.State': 'LIVE=0 DRAINING=1 PRE_INITIALIZING=2 INITIALIZING=3',
  'envoy.admin.v3.SimpleMetric.Type': 'COUNTER=0 GAUGE=1',
  'envoy.config.accesslog.v3.ComparisonFilter.Op': 'EQ=0 GE=1 LE=2',
  'envoy.config.accesslog.v3.GrpcStatusFilter.Status': 'OK=0 CANCELED=1 UNKNOWN=2 INVALID_ARGUMENT=3 DEADLINE_EXCEEDED=4 NOT_FOUND=5 ALREADY_EXISTS=6 PERMISSION_DENIED=7 RESOURCE_EXHAUSTED=8 FAILED_PRECONDITION=9 ABORTED=10 OUT_OF_RANGE=11 UNIMPLEMENTED=12 INTERNAL=13 UNAVAILABLE=14 DATA_LOSS=15 UNAUTHENTICATED=16',
  'envoy.config.cluster.v3.Cluster.DiscoveryType': 'STATIC=0 STRICT_DNS=1 LOGICAL_DNS=2 EDS=3 ORIGINAL_DST=4',
  'envoy.config.cluster.v3.Cluster.DnsLookupFamily': 'AUTO=0 V4_ONLY=1 V6_ONLY=2 V4_PREFERRED=3 ALL=4',
  'envoy.config.cluster.v3.Cluster.LbPolicy': 'ROUND_ROBIN=0 LEAST_REQUEST=1 RING_HASH=2 RANDOM=3 MAGLEV=5 CLUSTER_PROVIDED=6 LOAD_BALANCING_POLICY_CONFIG=7',
  'envoy.config.cluster.v3.Cluster.LbSubsetConfig.LbSubsetFallbackPolicy': 'NO_FALLBACK=0 ANY_ENDPOINT=1 DEFAULT_SUBSET=2',
  'envoy.config.cluster.v3.Cluster.LbSubsetConfig.LbSubsetMetadataFallbackPolicy': 'METADATA_NO_FALLBACK=0 FALLBACK_LIST=1',
  'envoy.config.cluster.v3.Cluster.LbSubsetConfig.LbSubsetSelector.LbSubsetSelectorFallbackPolicy': 'NOT_DEFINED=0 NO_FALLBACK=1 ANY_ENDPOINT=2 DEFAULT_SUBSET=3 KEYS_SUBSET=4',
  'envoy.config.cluster.v3.Cluster.RingHashLbConfig.HashFunction': 'XX_HASH=0 MURMUR_HASH_2=1',
  'envoy.config.core.v3.ApiConfigSource.ApiType': 'DEPRECATED_AND_UNAVAILABLE_DO_NOT_USE=0 REST=1 GRPC=2 DELTA_GRPC=3 AGGREGATED_GRPC=5 AGGREGATED_DELTA_GRPC=6',
  'envoy.config.core.v3.ApiVersion': 'AUTO=0 V3=2',
  'envoy.config.core.v3.HeaderValueOption.HeaderAppendAction': 'APPEND_IF_EXISTS_OR_ADD=0 ADD_IF_ABSENT=1 OVERWRITE_IF_EXISTS_OR_ADD=2 OVERWRITE_IF_EXISTS=3',
  'envoy.config.core.v3.HealthStatus': 'UNKNOWN=0 HEALTHY=1 UNHEALTHY=2 DRAINING=3 TIMEOUT=4 DEGRADED=5',
  'envoy.config.core.v3.HttpProtocolOptions.HeadersWithUnderscoresAction': 'ALLOW=0 REJECT_REQUEST=1 DROP_HEADER=2',
  'envoy.config.core.v3.ProxyProtocolConfig.Version': 'V1=0 V2=1',
  'envoy.config.core.v3.RequestMethod': 'METHOD_UNSPECIFIED=0 GET=1 HEAD=2 POST=3 PUT=4 DELETE=5 CONNECT=6 OPTIONS=7 TRACE=8 PATCH=9',
  'envoy.config.core.v3.RoutingPriority': 'DEFAULT=0 HIGH=1',
  'envoy.config.core.v3.SocketAddress.Protocol': 'TCP=0 UDP=1',
  'envoy.config.core.v3.SocketOption.SocketState': 'STATE_PREBIND=0 STATE_BOUND=1 STATE_LISTENING=2',
  'envoy.config.core.v3.TrafficDirection': 'UNSPECIFIED=0 INBOUND=1 OUTBOUND=2',
  'envoy.config.listener.v3.FilterChainMatch.ConnectionSourceType': 'ANY=0 SAME_IP_OR_LOOPBACK=1 EXTERNAL=2',
  'envoy.config.listener.v3.Listener.DrainType': 'DEFAULT=0 MODIFY_ONLY=1',
  'envoy.config.rbac.v3.RBAC.Action': 'ALLOW=0 DENY=1 LOG=2',
  'envoy.config.route.v3.RedirectAction.RedirectResponseCode': 'MOVED_PERMANENTLY=0 FOUND=1 SEE_OTHER=2 TEMPORARY_REDIRECT=3 PERMANENT_REDIRECT=4',
  'envoy.config.route.v3.RetryPolicy.ResetHeaderFormat': 'SECONDS=0 UNIX_TIMESTAMP=1',
  'envoy.config.route.v3.RouteAction.ClusterNotFoundResponseCode': 'SERVICE_UNAVAILABLE=0 NOT_FOUND=1 INTERNAL_SERVER_ERROR=2',
  'envoy.config.route.v3.VirtualHost.TlsRequirementType': 'NONE=0 EXTERNAL_ONLY=1 ALL=2',
  'envoy.extensions.common.ratelimit.v3.VhRateLimitsOptions': 'OVERRIDE=0 INCLUDE=1 IGNORE=2',
  'envoy.extensions.common.ratelimit.v3.XRateLimitHeadersRFCVersion': 'OFF=0 DRAFT_VERSION_03=1',
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.CodecType': 'AUTO=0 HTTP1=1 HTTP2=2 HTTP3=3',
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.ForwardClientCertDetails': 'SANITIZE=0 FORWARD_ONLY=1 APPEND_FORWARD=2 SANITIZE_SET=3 ALWAYS_FORWARD_ONLY=4',
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.PathWithEscapedSlashesAction': 'IMPLEMENTATION_SPECIFIC_DEFAULT=0 KEEP_UNCHANGED=1 REJECT_REQUEST=2 UNESCAPE_AND_REDIRECT=3 UNESCAPE_AND_FORWARD=4',
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.ServerHeaderTransformation': 'OVERWRITE=0 APPEND_IF_ABSENT=1 PASS_THROUGH=2',
  'envoy.extensions.filters.network.rbac.v3.RBAC.EnforcementType': 'ONE_TIME_ON_FIRST_BYTE=0 CONTINUOUS=1',
  'envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest.SelectionMethod': 'N_CHOICES=0 FULL_SCAN=1',
  'envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash.HashFunction': 'DEFAULT_HASH=0 XX_HASH=1 MURMUR_HASH_2=2',
  'envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext.TrustChainVerification': 'VERIFY_TRUST_CHAIN=0 ACCEPT_UNTRUSTED=1',
  'envoy.extensions.transport_sockets.tls.v3.SubjectAltNameMatcher.SanType': 'SAN_TYPE_UNSPECIFIED=0 EMAIL=1 DNS=2 URI=3 IP_ADDRESS=4 OTHER_NAME=5',
  'envoy.extensions.transport_sockets.tls.v3.TlsParameters.TlsProtocol': 'TLS_AUTO=0 TLSv1_0=1 TLSv1_1=2 TLSv1_2=3 TLSv1_3=4',
  'envoy.service.status.v3.ConfigStatus': 'UNKNOWN=0 SYNCED=1 NOT_SENT=2 STALE=3 ERROR=4',
  'envoy.type.v3.CodecClientType': 'HTTP1=0 HTTP2=1 HTTP3=2',
  'envoy.type.v3.FractionalPercent.DenominatorType': 'HUNDRED=0 TEN_THOUSAND=1 MILLION=2',
  'envoy.type.v3.RateLimitUnit': 'UNKNOWN=0 SECOND=1 MINUTE=2 HOUR=3 DAY=4 MONTH=5 YEAR=6',
  'envoy.type.v3.StatusCode': 'Empty=0 Continue=100 OK=200 Created=201 Accepted=202 NonAuthoritativeInformation=203 NoContent=204 ResetContent=205 PartialContent=206 MultiStatus=207 AlreadyReported=208 IMUsed=226 MultipleChoices=300 MovedPermanently=301 Found=302 SeeOther=303 NotModified=304 UseProxy=305 TemporaryRedirect=307 PermanentRedirect=308 BadRequest=400 Unauthorized=401 PaymentRequired=402 Forbidden=403 NotFound=404 MethodNotAllowed=405 NotAcceptable=406 ProxyAuthenticationRequired=407 RequestTimeout=408 Conflict=409 Gone=410 LengthRequired=411 PreconditionFailed=412 PayloadTooLarge=413 URITooLong=414 UnsupportedMediaType=415 RangeNotSatisfiable=416 ExpectationFailed=417 MisdirectedRequest=421 UnprocessableEntity=422 Locked=423 FailedDependency=424 UpgradeRequired=426 PreconditionRequired=428 TooManyRequests=429 RequestHeaderFieldsTooLarge=431 InternalServerError=500 NotImplemented=501 BadGateway=502 ServiceUnavailable=503 GatewayTimeout=504 HTTPVersionNotSupported=505 VariantAlsoNegotiates=506 InsufficientStorage=507 LoopDetected=508 NotExtended=510 NetworkAuthenticationRequired=511',
  'etcdserverpb.Compare.CompareResult': 'EQUAL=0 GREATER=1 LESS=2 NOT_EQUAL=3',
  'etcdserverpb.Compare.CompareTarget': 'VERSION=0 CREATE=1 MOD=2 VALUE=3 LEASE=4',
  'google.protobuf.NullValue': 'NULL_VALUE=0',
  'mvccpb.Event.EventType': 'PUT=0 DELETE=1',
  'outrider.agent.v1.Health': 'UNKNOWN=0 HEALTHY=1 UNHEALTHY=2',
};
