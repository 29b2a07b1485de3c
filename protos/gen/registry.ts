// Written by `node protos/generate.ts`. Do not edit.

import type * as envoy_admin_v3_clusters from './envoy/admin/v3/clusters.ts';
import type * as envoy_admin_v3_config_dump from './envoy/admin/v3/config_dump.ts';
import type * as envoy_admin_v3_config_dump_shared from './envoy/admin/v3/config_dump_shared.ts';
import type * as envoy_admin_v3_listeners from './envoy/admin/v3/listeners.ts';
import type * as envoy_admin_v3_metrics from './envoy/admin/v3/metrics.ts';
import type * as envoy_admin_v3_server_info from './envoy/admin/v3/server_info.ts';
import type * as envoy_config_accesslog_v3_accesslog from './envoy/config/accesslog/v3/accesslog.ts';
import type * as envoy_config_bootstrap_v3_bootstrap from './envoy/config/bootstrap/v3/bootstrap.ts';
import type * as envoy_config_cluster_v3_circuit_breaker from './envoy/config/cluster/v3/circuit_breaker.ts';
import type * as envoy_config_cluster_v3_cluster from './envoy/config/cluster/v3/cluster.ts';
import type * as envoy_config_cluster_v3_outlier_detection from './envoy/config/cluster/v3/outlier_detection.ts';
import type * as envoy_config_common_mutation_rules_v3_mutation_rules from './envoy/config/common/mutation_rules/v3/mutation_rules.ts';
import type * as envoy_config_core_v3_address from './envoy/config/core/v3/address.ts';
import type * as envoy_config_core_v3_backoff from './envoy/config/core/v3/backoff.ts';
import type * as envoy_config_core_v3_base from './envoy/config/core/v3/base.ts';
import type * as envoy_config_core_v3_config_source from './envoy/config/core/v3/config_source.ts';
import type * as envoy_config_core_v3_extension from './envoy/config/core/v3/extension.ts';
import type * as envoy_config_core_v3_grpc_service from './envoy/config/core/v3/grpc_service.ts';
import type * as envoy_config_core_v3_health_check from './envoy/config/core/v3/health_check.ts';
import type * as envoy_config_core_v3_protocol from './envoy/config/core/v3/protocol.ts';
import type * as envoy_config_core_v3_proxy_protocol from './envoy/config/core/v3/proxy_protocol.ts';
import type * as envoy_config_core_v3_socket_option from './envoy/config/core/v3/socket_option.ts';
import type * as envoy_config_core_v3_substitution_format_string from './envoy/config/core/v3/substitution_format_string.ts';
import type * as envoy_config_endpoint_v3_endpoint from './envoy/config/endpoint/v3/endpoint.ts';
import type * as envoy_config_endpoint_v3_endpoint_components from './envoy/config/endpoint/v3/endpoint_components.ts';
import type * as envoy_config_endpoint_v3_load_report from './envoy/config/endpoint/v3/load_report.ts';
import type * as envoy_config_listener_v3_api_listener from './envoy/config/listener/v3/api_listener.ts';
import type * as envoy_config_listener_v3_listener from './envoy/config/listener/v3/listener.ts';
import type * as envoy_config_listener_v3_listener_components from './envoy/config/listener/v3/listener_components.ts';
import type * as envoy_config_listener_v3_udp_listener_config from './envoy/config/listener/v3/udp_listener_config.ts';
import type * as envoy_config_metrics_v3_stats from './envoy/config/metrics/v3/stats.ts';
import type * as envoy_config_rbac_v3_rbac from './envoy/config/rbac/v3/rbac.ts';
import type * as envoy_config_route_v3_route from './envoy/config/route/v3/route.ts';
import type * as envoy_config_route_v3_route_components from './envoy/config/route/v3/route_components.ts';
import type * as envoy_data_dns_v3_dns_table from './envoy/data/dns/v3/dns_table.ts';
import type * as envoy_extensions_access_loggers_file_v3_file from './envoy/extensions/access_loggers/file/v3/file.ts';
import type * as envoy_extensions_access_loggers_stream_v3_stream from './envoy/extensions/access_loggers/stream/v3/stream.ts';
import type * as envoy_extensions_common_ratelimit_v3_ratelimit from './envoy/extensions/common/ratelimit/v3/ratelimit.ts';
import type * as envoy_extensions_filters_common_fault_v3_fault from './envoy/extensions/filters/common/fault/v3/fault.ts';
import type * as envoy_extensions_filters_http_cors_v3_cors from './envoy/extensions/filters/http/cors/v3/cors.ts';
import type * as envoy_extensions_filters_http_fault_v3_fault from './envoy/extensions/filters/http/fault/v3/fault.ts';
import type * as envoy_extensions_filters_http_header_mutation_v3_header_mutation from './envoy/extensions/filters/http/header_mutation/v3/header_mutation.ts';
import type * as envoy_extensions_filters_http_health_check_v3_health_check from './envoy/extensions/filters/http/health_check/v3/health_check.ts';
import type * as envoy_extensions_filters_http_local_ratelimit_v3_local_rate_limit from './envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit.ts';
import type * as envoy_extensions_filters_http_on_demand_v3_on_demand from './envoy/extensions/filters/http/on_demand/v3/on_demand.ts';
import type * as envoy_extensions_filters_http_rbac_v3_rbac from './envoy/extensions/filters/http/rbac/v3/rbac.ts';
import type * as envoy_extensions_filters_http_router_v3_router from './envoy/extensions/filters/http/router/v3/router.ts';
import type * as envoy_extensions_filters_http_stateful_session_v3_stateful_session from './envoy/extensions/filters/http/stateful_session/v3/stateful_session.ts';
import type * as envoy_extensions_filters_listener_http_inspector_v3_http_inspector from './envoy/extensions/filters/listener/http_inspector/v3/http_inspector.ts';
import type * as envoy_extensions_filters_listener_original_dst_v3_original_dst from './envoy/extensions/filters/listener/original_dst/v3/original_dst.ts';
import type * as envoy_extensions_filters_listener_original_src_v3_original_src from './envoy/extensions/filters/listener/original_src/v3/original_src.ts';
import type * as envoy_extensions_filters_listener_proxy_protocol_v3_proxy_protocol from './envoy/extensions/filters/listener/proxy_protocol/v3/proxy_protocol.ts';
import type * as envoy_extensions_filters_listener_tls_inspector_v3_tls_inspector from './envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector.ts';
import type * as envoy_extensions_filters_network_http_connection_manager_v3_http_connection_manager from './envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.ts';
import type * as envoy_extensions_filters_network_rbac_v3_rbac from './envoy/extensions/filters/network/rbac/v3/rbac.ts';
import type * as envoy_extensions_filters_network_tcp_proxy_v3_tcp_proxy from './envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.ts';
import type * as envoy_extensions_filters_udp_dns_filter_v3_dns_filter from './envoy/extensions/filters/udp/dns_filter/v3/dns_filter.ts';
import type * as envoy_extensions_http_stateful_session_cookie_v3_cookie from './envoy/extensions/http/stateful_session/cookie/v3/cookie.ts';
import type * as envoy_extensions_http_stateful_session_header_v3_header from './envoy/extensions/http/stateful_session/header/v3/header.ts';
import type * as envoy_extensions_load_balancing_policies_common_v3_common from './envoy/extensions/load_balancing_policies/common/v3/common.ts';
import type * as envoy_extensions_load_balancing_policies_least_request_v3_least_request from './envoy/extensions/load_balancing_policies/least_request/v3/least_request.ts';
import type * as envoy_extensions_load_balancing_policies_maglev_v3_maglev from './envoy/extensions/load_balancing_policies/maglev/v3/maglev.ts';
import type * as envoy_extensions_load_balancing_policies_pick_first_v3_pick_first from './envoy/extensions/load_balancing_policies/pick_first/v3/pick_first.ts';
import type * as envoy_extensions_load_balancing_policies_random_v3_random from './envoy/extensions/load_balancing_policies/random/v3/random.ts';
import type * as envoy_extensions_load_balancing_policies_ring_hash_v3_ring_hash from './envoy/extensions/load_balancing_policies/ring_hash/v3/ring_hash.ts';
import type * as envoy_extensions_load_balancing_policies_round_robin_v3_round_robin from './envoy/extensions/load_balancing_policies/round_robin/v3/round_robin.ts';
import type * as envoy_extensions_load_balancing_policies_wrr_locality_v3_wrr_locality from './envoy/extensions/load_balancing_policies/wrr_locality/v3/wrr_locality.ts';
import type * as envoy_extensions_network_dns_resolver_cares_v3_cares_dns_resolver from './envoy/extensions/network/dns_resolver/cares/v3/cares_dns_resolver.ts';
import type * as envoy_extensions_rate_limit_descriptors_expr_v3_expr from './envoy/extensions/rate_limit_descriptors/expr/v3/expr.ts';
import type * as envoy_extensions_request_id_uuid_v3_uuid from './envoy/extensions/request_id/uuid/v3/uuid.ts';
import type * as envoy_extensions_retry_host_omit_canary_hosts_v3_omit_canary_hosts from './envoy/extensions/retry/host/omit_canary_hosts/v3/omit_canary_hosts.ts';
import type * as envoy_extensions_retry_host_omit_host_metadata_v3_omit_host_metadata_config from './envoy/extensions/retry/host/omit_host_metadata/v3/omit_host_metadata_config.ts';
import type * as envoy_extensions_retry_host_previous_hosts_v3_previous_hosts from './envoy/extensions/retry/host/previous_hosts/v3/previous_hosts.ts';
import type * as envoy_extensions_retry_priority_previous_priorities_v3_previous_priorities_config from './envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config.ts';
import type * as envoy_extensions_transport_sockets_proxy_protocol_v3_upstream_proxy_protocol from './envoy/extensions/transport_sockets/proxy_protocol/v3/upstream_proxy_protocol.ts';
import type * as envoy_extensions_transport_sockets_raw_buffer_v3_raw_buffer from './envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer.ts';
import type * as envoy_extensions_transport_sockets_tls_v3_common from './envoy/extensions/transport_sockets/tls/v3/common.ts';
import type * as envoy_extensions_transport_sockets_tls_v3_secret from './envoy/extensions/transport_sockets/tls/v3/secret.ts';
import type * as envoy_extensions_transport_sockets_tls_v3_tls from './envoy/extensions/transport_sockets/tls/v3/tls.ts';
import type * as envoy_extensions_upstreams_http_v3_http_protocol_options from './envoy/extensions/upstreams/http/v3/http_protocol_options.ts';
import type * as envoy_service_discovery_v3_discovery from './envoy/service/discovery/v3/discovery.ts';
import type * as envoy_type_http_v3_cookie from './envoy/type/http/v3/cookie.ts';
import type * as envoy_type_matcher_v3_metadata from './envoy/type/matcher/v3/metadata.ts';
import type * as envoy_type_matcher_v3_node from './envoy/type/matcher/v3/node.ts';
import type * as envoy_type_matcher_v3_number from './envoy/type/matcher/v3/number.ts';
import type * as envoy_type_matcher_v3_path from './envoy/type/matcher/v3/path.ts';
import type * as envoy_type_matcher_v3_regex from './envoy/type/matcher/v3/regex.ts';
import type * as envoy_type_matcher_v3_string from './envoy/type/matcher/v3/string.ts';
import type * as envoy_type_matcher_v3_struct from './envoy/type/matcher/v3/struct.ts';
import type * as envoy_type_matcher_v3_value from './envoy/type/matcher/v3/value.ts';
import type * as envoy_type_metadata_v3_metadata from './envoy/type/metadata/v3/metadata.ts';
import type * as envoy_type_tracing_v3_custom_tag from './envoy/type/tracing/v3/custom_tag.ts';
import type * as envoy_type_v3_hash_policy from './envoy/type/v3/hash_policy.ts';
import type * as envoy_type_v3_http_status from './envoy/type/v3/http_status.ts';
import type * as envoy_type_v3_percent from './envoy/type/v3/percent.ts';
import type * as envoy_type_v3_range from './envoy/type/v3/range.ts';
import type * as envoy_type_v3_semantic_version from './envoy/type/v3/semantic_version.ts';
import type * as envoy_type_v3_token_bucket from './envoy/type/v3/token_bucket.ts';
import type * as etcd_kv from './etcd/kv.ts';
import type * as google_protobuf_any from './google/protobuf/any.ts';
import type * as google_protobuf_duration from './google/protobuf/duration.ts';
import type * as google_protobuf_struct from './google/protobuf/struct.ts';
import type * as google_protobuf_timestamp from './google/protobuf/timestamp.ts';
import type * as google_protobuf_wrappers from './google/protobuf/wrappers.ts';
import type * as google_rpc_status from './google/rpc/status.ts';
import type * as outrider_agent_v1_agent from './outrider/agent/v1/agent.ts';
import type * as outrider_config_v1_config_set from './outrider/config/v1/config_set.ts';
import type * as outrider_filters_http_v1_limits from './outrider/filters/http/v1/limits.ts';
import type * as outrider_lb_v1_peak_ewma from './outrider/lb/v1/peak_ewma.ts';
import type * as outrider_resilience_v1_cluster_policy from './outrider/resilience/v1/cluster_policy.ts';
import type * as outrider_resilience_v1_route_policy from './outrider/resilience/v1/route_policy.ts';
import type * as outrider_resilience_v1_shared_breaker from './outrider/resilience/v1/shared_breaker.ts';
import type * as outrider_scaling_v1_scaling_decision from './outrider/scaling/v1/scaling_decision.ts';

/** TypeScript type of every top-level message by its full name. */
export interface MessageTypes {
  'envoy.admin.v3.ClusterStatus': envoy_admin_v3_clusters.ClusterStatus;
  'envoy.admin.v3.Clusters': envoy_admin_v3_clusters.Clusters;
  'envoy.admin.v3.HostHealthStatus': envoy_admin_v3_clusters.HostHealthStatus;
  'envoy.admin.v3.HostStatus': envoy_admin_v3_clusters.HostStatus;
  'envoy.admin.v3.BootstrapConfigDump': envoy_admin_v3_config_dump.BootstrapConfigDump;
  'envoy.admin.v3.ConfigDump': envoy_admin_v3_config_dump.ConfigDump;
  'envoy.admin.v3.SecretsConfigDump': envoy_admin_v3_config_dump.SecretsConfigDump;
  'envoy.admin.v3.ClustersConfigDump': envoy_admin_v3_config_dump_shared.ClustersConfigDump;
  'envoy.admin.v3.EndpointsConfigDump': envoy_admin_v3_config_dump_shared.EndpointsConfigDump;
  'envoy.admin.v3.ListenersConfigDump': envoy_admin_v3_config_dump_shared.ListenersConfigDump;
  'envoy.admin.v3.RoutesConfigDump': envoy_admin_v3_config_dump_shared.RoutesConfigDump;
  'envoy.admin.v3.UpdateFailureState': envoy_admin_v3_config_dump_shared.UpdateFailureState;
  'envoy.admin.v3.ListenerStatus': envoy_admin_v3_listeners.ListenerStatus;
  'envoy.admin.v3.Listeners': envoy_admin_v3_listeners.Listeners;
  'envoy.admin.v3.SimpleMetric': envoy_admin_v3_metrics.SimpleMetric;
  'envoy.admin.v3.CommandLineOptions': envoy_admin_v3_server_info.CommandLineOptions;
  'envoy.admin.v3.ServerInfo': envoy_admin_v3_server_info.ServerInfo;
  'envoy.config.accesslog.v3.AccessLog': envoy_config_accesslog_v3_accesslog.AccessLog;
  'envoy.config.accesslog.v3.AccessLogFilter': envoy_config_accesslog_v3_accesslog.AccessLogFilter;
  'envoy.config.accesslog.v3.AndFilter': envoy_config_accesslog_v3_accesslog.AndFilter;
  'envoy.config.accesslog.v3.ComparisonFilter': envoy_config_accesslog_v3_accesslog.ComparisonFilter;
  'envoy.config.accesslog.v3.DurationFilter': envoy_config_accesslog_v3_accesslog.DurationFilter;
  'envoy.config.accesslog.v3.GrpcStatusFilter': envoy_config_accesslog_v3_accesslog.GrpcStatusFilter;
  'envoy.config.accesslog.v3.HeaderFilter': envoy_config_accesslog_v3_accesslog.HeaderFilter;
  'envoy.config.accesslog.v3.MetadataFilter': envoy_config_accesslog_v3_accesslog.MetadataFilter;
  'envoy.config.accesslog.v3.NotHealthCheckFilter': envoy_config_accesslog_v3_accesslog.NotHealthCheckFilter;
  'envoy.config.accesslog.v3.OrFilter': envoy_config_accesslog_v3_accesslog.OrFilter;
  'envoy.config.accesslog.v3.ResponseFlagFilter': envoy_config_accesslog_v3_accesslog.ResponseFlagFilter;
  'envoy.config.accesslog.v3.RuntimeFilter': envoy_config_accesslog_v3_accesslog.RuntimeFilter;
  'envoy.config.accesslog.v3.StatusCodeFilter': envoy_config_accesslog_v3_accesslog.StatusCodeFilter;
  'envoy.config.accesslog.v3.TraceableFilter': envoy_config_accesslog_v3_accesslog.TraceableFilter;
  'envoy.config.bootstrap.v3.Admin': envoy_config_bootstrap_v3_bootstrap.Admin;
  'envoy.config.bootstrap.v3.Bootstrap': envoy_config_bootstrap_v3_bootstrap.Bootstrap;
  'envoy.config.bootstrap.v3.ClusterManager': envoy_config_bootstrap_v3_bootstrap.ClusterManager;
  'envoy.config.bootstrap.v3.LayeredRuntime': envoy_config_bootstrap_v3_bootstrap.LayeredRuntime;
  'envoy.config.bootstrap.v3.RuntimeLayer': envoy_config_bootstrap_v3_bootstrap.RuntimeLayer;
  'envoy.config.cluster.v3.CircuitBreakers': envoy_config_cluster_v3_circuit_breaker.CircuitBreakers;
  'envoy.config.cluster.v3.Cluster': envoy_config_cluster_v3_cluster.Cluster;
  'envoy.config.cluster.v3.LoadBalancingPolicy': envoy_config_cluster_v3_cluster.LoadBalancingPolicy;
  'envoy.config.cluster.v3.TrackClusterStats': envoy_config_cluster_v3_cluster.TrackClusterStats;
  'envoy.config.cluster.v3.UpstreamConnectionOptions': envoy_config_cluster_v3_cluster.UpstreamConnectionOptions;
  'envoy.config.cluster.v3.OutlierDetection': envoy_config_cluster_v3_outlier_detection.OutlierDetection;
  'envoy.config.common.mutation_rules.v3.HeaderMutation': envoy_config_common_mutation_rules_v3_mutation_rules.HeaderMutation;
  'envoy.config.core.v3.Address': envoy_config_core_v3_address.Address;
  'envoy.config.core.v3.BindConfig': envoy_config_core_v3_address.BindConfig;
  'envoy.config.core.v3.CidrRange': envoy_config_core_v3_address.CidrRange;
  'envoy.config.core.v3.Pipe': envoy_config_core_v3_address.Pipe;
  'envoy.config.core.v3.SocketAddress': envoy_config_core_v3_address.SocketAddress;
  'envoy.config.core.v3.TcpKeepalive': envoy_config_core_v3_address.TcpKeepalive;
  'envoy.config.core.v3.BackoffStrategy': envoy_config_core_v3_backoff.BackoffStrategy;
  'envoy.config.core.v3.BuildVersion': envoy_config_core_v3_base.BuildVersion;
  'envoy.config.core.v3.ControlPlane': envoy_config_core_v3_base.ControlPlane;
  'envoy.config.core.v3.DataSource': envoy_config_core_v3_base.DataSource;
  'envoy.config.core.v3.HeaderValue': envoy_config_core_v3_base.HeaderValue;
  'envoy.config.core.v3.HeaderValueOption': envoy_config_core_v3_base.HeaderValueOption;
  'envoy.config.core.v3.Locality': envoy_config_core_v3_base.Locality;
  'envoy.config.core.v3.Metadata': envoy_config_core_v3_base.Metadata;
  'envoy.config.core.v3.Node': envoy_config_core_v3_base.Node;
  'envoy.config.core.v3.RuntimeDouble': envoy_config_core_v3_base.RuntimeDouble;
  'envoy.config.core.v3.RuntimeFeatureFlag': envoy_config_core_v3_base.RuntimeFeatureFlag;
  'envoy.config.core.v3.RuntimeFractionalPercent': envoy_config_core_v3_base.RuntimeFractionalPercent;
  'envoy.config.core.v3.RuntimePercent': envoy_config_core_v3_base.RuntimePercent;
  'envoy.config.core.v3.RuntimeUInt32': envoy_config_core_v3_base.RuntimeUInt32;
  'envoy.config.core.v3.TransportSocket': envoy_config_core_v3_base.TransportSocket;
  'envoy.config.core.v3.WatchedDirectory': envoy_config_core_v3_base.WatchedDirectory;
  'envoy.config.core.v3.AggregatedConfigSource': envoy_config_core_v3_config_source.AggregatedConfigSource;
  'envoy.config.core.v3.ApiConfigSource': envoy_config_core_v3_config_source.ApiConfigSource;
  'envoy.config.core.v3.ConfigSource': envoy_config_core_v3_config_source.ConfigSource;
  'envoy.config.core.v3.PathConfigSource': envoy_config_core_v3_config_source.PathConfigSource;
  'envoy.config.core.v3.RateLimitSettings': envoy_config_core_v3_config_source.RateLimitSettings;
  'envoy.config.core.v3.SelfConfigSource': envoy_config_core_v3_config_source.SelfConfigSource;
  'envoy.config.core.v3.TypedExtensionConfig': envoy_config_core_v3_extension.TypedExtensionConfig;
  'envoy.config.core.v3.GrpcService': envoy_config_core_v3_grpc_service.GrpcService;
  'envoy.config.core.v3.HealthCheck': envoy_config_core_v3_health_check.HealthCheck;
  'envoy.config.core.v3.HealthStatusSet': envoy_config_core_v3_health_check.HealthStatusSet;
  'envoy.config.core.v3.Http1ProtocolOptions': envoy_config_core_v3_protocol.Http1ProtocolOptions;
  'envoy.config.core.v3.Http2ProtocolOptions': envoy_config_core_v3_protocol.Http2ProtocolOptions;
  'envoy.config.core.v3.HttpProtocolOptions': envoy_config_core_v3_protocol.HttpProtocolOptions;
  'envoy.config.core.v3.KeepaliveSettings': envoy_config_core_v3_protocol.KeepaliveSettings;
  'envoy.config.core.v3.SchemeHeaderTransformation': envoy_config_core_v3_protocol.SchemeHeaderTransformation;
  'envoy.config.core.v3.TcpProtocolOptions': envoy_config_core_v3_protocol.TcpProtocolOptions;
  'envoy.config.core.v3.UpstreamHttpProtocolOptions': envoy_config_core_v3_protocol.UpstreamHttpProtocolOptions;
  'envoy.config.core.v3.ProxyProtocolConfig': envoy_config_core_v3_proxy_protocol.ProxyProtocolConfig;
  'envoy.config.core.v3.SocketOption': envoy_config_core_v3_socket_option.SocketOption;
  'envoy.config.core.v3.JsonFormatOptions': envoy_config_core_v3_substitution_format_string.JsonFormatOptions;
  'envoy.config.core.v3.SubstitutionFormatString': envoy_config_core_v3_substitution_format_string.SubstitutionFormatString;
  'envoy.config.endpoint.v3.ClusterLoadAssignment': envoy_config_endpoint_v3_endpoint.ClusterLoadAssignment;
  'envoy.config.endpoint.v3.Endpoint': envoy_config_endpoint_v3_endpoint_components.Endpoint;
  'envoy.config.endpoint.v3.LbEndpoint': envoy_config_endpoint_v3_endpoint_components.LbEndpoint;
  'envoy.config.endpoint.v3.LocalityLbEndpoints': envoy_config_endpoint_v3_endpoint_components.LocalityLbEndpoints;
  'envoy.config.endpoint.v3.ClusterStats': envoy_config_endpoint_v3_load_report.ClusterStats;
  'envoy.config.endpoint.v3.EndpointLoadMetricStats': envoy_config_endpoint_v3_load_report.EndpointLoadMetricStats;
  'envoy.config.endpoint.v3.UpstreamEndpointStats': envoy_config_endpoint_v3_load_report.UpstreamEndpointStats;
  'envoy.config.endpoint.v3.UpstreamLocalityStats': envoy_config_endpoint_v3_load_report.UpstreamLocalityStats;
  'envoy.config.listener.v3.ApiListener': envoy_config_listener_v3_api_listener.ApiListener;
  'envoy.config.listener.v3.AdditionalAddress': envoy_config_listener_v3_listener.AdditionalAddress;
  'envoy.config.listener.v3.Listener': envoy_config_listener_v3_listener.Listener;
  'envoy.config.listener.v3.Filter': envoy_config_listener_v3_listener_components.Filter;
  'envoy.config.listener.v3.FilterChain': envoy_config_listener_v3_listener_components.FilterChain;
  'envoy.config.listener.v3.FilterChainMatch': envoy_config_listener_v3_listener_components.FilterChainMatch;
  'envoy.config.listener.v3.ListenerFilter': envoy_config_listener_v3_listener_components.ListenerFilter;
  'envoy.config.listener.v3.ListenerFilterChainMatchPredicate': envoy_config_listener_v3_listener_components.ListenerFilterChainMatchPredicate;
  'envoy.config.listener.v3.UdpListenerConfig': envoy_config_listener_v3_udp_listener_config.UdpListenerConfig;
  'envoy.config.metrics.v3.HistogramBucketSettings': envoy_config_metrics_v3_stats.HistogramBucketSettings;
  'envoy.config.metrics.v3.StatsConfig': envoy_config_metrics_v3_stats.StatsConfig;
  'envoy.config.metrics.v3.StatsMatcher': envoy_config_metrics_v3_stats.StatsMatcher;
  'envoy.config.metrics.v3.TagSpecifier': envoy_config_metrics_v3_stats.TagSpecifier;
  'envoy.config.rbac.v3.Permission': envoy_config_rbac_v3_rbac.Permission;
  'envoy.config.rbac.v3.Policy': envoy_config_rbac_v3_rbac.Policy;
  'envoy.config.rbac.v3.Principal': envoy_config_rbac_v3_rbac.Principal;
  'envoy.config.rbac.v3.RBAC': envoy_config_rbac_v3_rbac.RBAC;
  'envoy.config.route.v3.RouteConfiguration': envoy_config_route_v3_route.RouteConfiguration;
  'envoy.config.route.v3.Decorator': envoy_config_route_v3_route_components.Decorator;
  'envoy.config.route.v3.DirectResponseAction': envoy_config_route_v3_route_components.DirectResponseAction;
  'envoy.config.route.v3.FilterConfig': envoy_config_route_v3_route_components.FilterConfig;
  'envoy.config.route.v3.HeaderMatcher': envoy_config_route_v3_route_components.HeaderMatcher;
  'envoy.config.route.v3.HedgePolicy': envoy_config_route_v3_route_components.HedgePolicy;
  'envoy.config.route.v3.InternalRedirectPolicy': envoy_config_route_v3_route_components.InternalRedirectPolicy;
  'envoy.config.route.v3.NonForwardingAction': envoy_config_route_v3_route_components.NonForwardingAction;
  'envoy.config.route.v3.QueryParameterMatcher': envoy_config_route_v3_route_components.QueryParameterMatcher;
  'envoy.config.route.v3.RateLimit': envoy_config_route_v3_route_components.RateLimit;
  'envoy.config.route.v3.RedirectAction': envoy_config_route_v3_route_components.RedirectAction;
  'envoy.config.route.v3.RetryPolicy': envoy_config_route_v3_route_components.RetryPolicy;
  'envoy.config.route.v3.Route': envoy_config_route_v3_route_components.Route;
  'envoy.config.route.v3.RouteAction': envoy_config_route_v3_route_components.RouteAction;
  'envoy.config.route.v3.RouteMatch': envoy_config_route_v3_route_components.RouteMatch;
  'envoy.config.route.v3.Tracing': envoy_config_route_v3_route_components.Tracing;
  'envoy.config.route.v3.VirtualCluster': envoy_config_route_v3_route_components.VirtualCluster;
  'envoy.config.route.v3.VirtualHost': envoy_config_route_v3_route_components.VirtualHost;
  'envoy.config.route.v3.WeightedCluster': envoy_config_route_v3_route_components.WeightedCluster;
  'envoy.data.dns.v3.DnsTable': envoy_data_dns_v3_dns_table.DnsTable;
  'envoy.extensions.access_loggers.file.v3.FileAccessLog': envoy_extensions_access_loggers_file_v3_file.FileAccessLog;
  'envoy.extensions.access_loggers.stream.v3.StderrAccessLog': envoy_extensions_access_loggers_stream_v3_stream.StderrAccessLog;
  'envoy.extensions.access_loggers.stream.v3.StdoutAccessLog': envoy_extensions_access_loggers_stream_v3_stream.StdoutAccessLog;
  'envoy.extensions.common.ratelimit.v3.LocalRateLimitDescriptor': envoy_extensions_common_ratelimit_v3_ratelimit.LocalRateLimitDescriptor;
  'envoy.extensions.common.ratelimit.v3.RateLimitDescriptor': envoy_extensions_common_ratelimit_v3_ratelimit.RateLimitDescriptor;
  'envoy.extensions.filters.common.fault.v3.FaultDelay': envoy_extensions_filters_common_fault_v3_fault.FaultDelay;
  'envoy.extensions.filters.common.fault.v3.FaultRateLimit': envoy_extensions_filters_common_fault_v3_fault.FaultRateLimit;
  'envoy.extensions.filters.http.cors.v3.Cors': envoy_extensions_filters_http_cors_v3_cors.Cors;
  'envoy.extensions.filters.http.cors.v3.CorsPolicy': envoy_extensions_filters_http_cors_v3_cors.CorsPolicy;
  'envoy.extensions.filters.http.fault.v3.FaultAbort': envoy_extensions_filters_http_fault_v3_fault.FaultAbort;
  'envoy.extensions.filters.http.fault.v3.HTTPFault': envoy_extensions_filters_http_fault_v3_fault.HTTPFault;
  'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation': envoy_extensions_filters_http_header_mutation_v3_header_mutation.HeaderMutation;
  'envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute': envoy_extensions_filters_http_header_mutation_v3_header_mutation.HeaderMutationPerRoute;
  'envoy.extensions.filters.http.header_mutation.v3.Mutations': envoy_extensions_filters_http_header_mutation_v3_header_mutation.Mutations;
  'envoy.extensions.filters.http.health_check.v3.HealthCheck': envoy_extensions_filters_http_health_check_v3_health_check.HealthCheck;
  'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit': envoy_extensions_filters_http_local_ratelimit_v3_local_rate_limit.LocalRateLimit;
  'envoy.extensions.filters.http.on_demand.v3.OnDemand': envoy_extensions_filters_http_on_demand_v3_on_demand.OnDemand;
  'envoy.extensions.filters.http.on_demand.v3.OnDemandCds': envoy_extensions_filters_http_on_demand_v3_on_demand.OnDemandCds;
  'envoy.extensions.filters.http.rbac.v3.RBAC': envoy_extensions_filters_http_rbac_v3_rbac.RBAC;
  'envoy.extensions.filters.http.rbac.v3.RBACPerRoute': envoy_extensions_filters_http_rbac_v3_rbac.RBACPerRoute;
  'envoy.extensions.filters.http.router.v3.Router': envoy_extensions_filters_http_router_v3_router.Router;
  'envoy.extensions.filters.http.stateful_session.v3.StatefulSession': envoy_extensions_filters_http_stateful_session_v3_stateful_session.StatefulSession;
  'envoy.extensions.filters.http.stateful_session.v3.StatefulSessionPerRoute': envoy_extensions_filters_http_stateful_session_v3_stateful_session.StatefulSessionPerRoute;
  'envoy.extensions.filters.listener.http_inspector.v3.HttpInspector': envoy_extensions_filters_listener_http_inspector_v3_http_inspector.HttpInspector;
  'envoy.extensions.filters.listener.original_dst.v3.OriginalDst': envoy_extensions_filters_listener_original_dst_v3_original_dst.OriginalDst;
  'envoy.extensions.filters.listener.original_src.v3.OriginalSrc': envoy_extensions_filters_listener_original_src_v3_original_src.OriginalSrc;
  'envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol': envoy_extensions_filters_listener_proxy_protocol_v3_proxy_protocol.ProxyProtocol;
  'envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector': envoy_extensions_filters_listener_tls_inspector_v3_tls_inspector.TlsInspector;
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager': envoy_extensions_filters_network_http_connection_manager_v3_http_connection_manager.HttpConnectionManager;
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter': envoy_extensions_filters_network_http_connection_manager_v3_http_connection_manager.HttpFilter;
  'envoy.extensions.filters.network.http_connection_manager.v3.LocalReplyConfig': envoy_extensions_filters_network_http_connection_manager_v3_http_connection_manager.LocalReplyConfig;
  'envoy.extensions.filters.network.http_connection_manager.v3.Rds': envoy_extensions_filters_network_http_connection_manager_v3_http_connection_manager.Rds;
  'envoy.extensions.filters.network.http_connection_manager.v3.RequestIDExtension': envoy_extensions_filters_network_http_connection_manager_v3_http_connection_manager.RequestIDExtension;
  'envoy.extensions.filters.network.http_connection_manager.v3.ResponseMapper': envoy_extensions_filters_network_http_connection_manager_v3_http_connection_manager.ResponseMapper;
  'envoy.extensions.filters.network.rbac.v3.RBAC': envoy_extensions_filters_network_rbac_v3_rbac.RBAC;
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy': envoy_extensions_filters_network_tcp_proxy_v3_tcp_proxy.TcpProxy;
  'envoy.extensions.filters.udp.dns_filter.v3.DnsFilterConfig': envoy_extensions_filters_udp_dns_filter_v3_dns_filter.DnsFilterConfig;
  'envoy.extensions.http.stateful_session.cookie.v3.CookieBasedSessionState': envoy_extensions_http_stateful_session_cookie_v3_cookie.CookieBasedSessionState;
  'envoy.extensions.http.stateful_session.header.v3.HeaderBasedSessionState': envoy_extensions_http_stateful_session_header_v3_header.HeaderBasedSessionState;
  'envoy.extensions.load_balancing_policies.common.v3.ConsistentHashingLbConfig': envoy_extensions_load_balancing_policies_common_v3_common.ConsistentHashingLbConfig;
  'envoy.extensions.load_balancing_policies.common.v3.LocalityLbConfig': envoy_extensions_load_balancing_policies_common_v3_common.LocalityLbConfig;
  'envoy.extensions.load_balancing_policies.common.v3.SlowStartConfig': envoy_extensions_load_balancing_policies_common_v3_common.SlowStartConfig;
  'envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest': envoy_extensions_load_balancing_policies_least_request_v3_least_request.LeastRequest;
  'envoy.extensions.load_balancing_policies.maglev.v3.Maglev': envoy_extensions_load_balancing_policies_maglev_v3_maglev.Maglev;
  'envoy.extensions.load_balancing_policies.pick_first.v3.PickFirst': envoy_extensions_load_balancing_policies_pick_first_v3_pick_first.PickFirst;
  'envoy.extensions.load_balancing_policies.random.v3.Random': envoy_extensions_load_balancing_policies_random_v3_random.Random;
  'envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash': envoy_extensions_load_balancing_policies_ring_hash_v3_ring_hash.RingHash;
  'envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin': envoy_extensions_load_balancing_policies_round_robin_v3_round_robin.RoundRobin;
  'envoy.extensions.load_balancing_policies.wrr_locality.v3.WrrLocality': envoy_extensions_load_balancing_policies_wrr_locality_v3_wrr_locality.WrrLocality;
  'envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig': envoy_extensions_network_dns_resolver_cares_v3_cares_dns_resolver.CaresDnsResolverConfig;
  'envoy.extensions.rate_limit_descriptors.expr.v3.Descriptor': envoy_extensions_rate_limit_descriptors_expr_v3_expr.Descriptor;
  'envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig': envoy_extensions_request_id_uuid_v3_uuid.UuidRequestIdConfig;
  'envoy.extensions.retry.host.omit_canary_hosts.v3.OmitCanaryHostsPredicate': envoy_extensions_retry_host_omit_canary_hosts_v3_omit_canary_hosts.OmitCanaryHostsPredicate;
  'envoy.extensions.retry.host.omit_host_metadata.v3.OmitHostMetadataConfig': envoy_extensions_retry_host_omit_host_metadata_v3_omit_host_metadata_config.OmitHostMetadataConfig;
  'envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate': envoy_extensions_retry_host_previous_hosts_v3_previous_hosts.PreviousHostsPredicate;
  'envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig': envoy_extensions_retry_priority_previous_priorities_v3_previous_priorities_config.PreviousPrioritiesConfig;
  'envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport': envoy_extensions_transport_sockets_proxy_protocol_v3_upstream_proxy_protocol.ProxyProtocolUpstreamTransport;
  'envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer': envoy_extensions_transport_sockets_raw_buffer_v3_raw_buffer.RawBuffer;
  'envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext': envoy_extensions_transport_sockets_tls_v3_common.CertificateValidationContext;
  'envoy.extensions.transport_sockets.tls.v3.SubjectAltNameMatcher': envoy_extensions_transport_sockets_tls_v3_common.SubjectAltNameMatcher;
  'envoy.extensions.transport_sockets.tls.v3.TlsCertificate': envoy_extensions_transport_sockets_tls_v3_common.TlsCertificate;
  'envoy.extensions.transport_sockets.tls.v3.TlsParameters': envoy_extensions_transport_sockets_tls_v3_common.TlsParameters;
  'envoy.extensions.transport_sockets.tls.v3.TlsSessionTicketKeys': envoy_extensions_transport_sockets_tls_v3_common.TlsSessionTicketKeys;
  'envoy.extensions.transport_sockets.tls.v3.GenericSecret': envoy_extensions_transport_sockets_tls_v3_secret.GenericSecret;
  'envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig': envoy_extensions_transport_sockets_tls_v3_secret.SdsSecretConfig;
  'envoy.extensions.transport_sockets.tls.v3.Secret': envoy_extensions_transport_sockets_tls_v3_secret.Secret;
  'envoy.extensions.transport_sockets.tls.v3.CommonTlsContext': envoy_extensions_transport_sockets_tls_v3_tls.CommonTlsContext;
  'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext': envoy_extensions_transport_sockets_tls_v3_tls.DownstreamTlsContext;
  'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext': envoy_extensions_transport_sockets_tls_v3_tls.UpstreamTlsContext;
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': envoy_extensions_upstreams_http_v3_http_protocol_options.HttpProtocolOptions;
  'envoy.service.discovery.v3.DeltaDiscoveryRequest': envoy_service_discovery_v3_discovery.DeltaDiscoveryRequest;
  'envoy.service.discovery.v3.DeltaDiscoveryResponse': envoy_service_discovery_v3_discovery.DeltaDiscoveryResponse;
  'envoy.service.discovery.v3.DiscoveryRequest': envoy_service_discovery_v3_discovery.DiscoveryRequest;
  'envoy.service.discovery.v3.DiscoveryResponse': envoy_service_discovery_v3_discovery.DiscoveryResponse;
  'envoy.service.discovery.v3.Resource': envoy_service_discovery_v3_discovery.Resource;
  'envoy.type.http.v3.Cookie': envoy_type_http_v3_cookie.Cookie;
  'envoy.type.matcher.v3.MetadataMatcher': envoy_type_matcher_v3_metadata.MetadataMatcher;
  'envoy.type.matcher.v3.NodeMatcher': envoy_type_matcher_v3_node.NodeMatcher;
  'envoy.type.matcher.v3.DoubleMatcher': envoy_type_matcher_v3_number.DoubleMatcher;
  'envoy.type.matcher.v3.PathMatcher': envoy_type_matcher_v3_path.PathMatcher;
  'envoy.type.matcher.v3.RegexMatchAndSubstitute': envoy_type_matcher_v3_regex.RegexMatchAndSubstitute;
  'envoy.type.matcher.v3.RegexMatcher': envoy_type_matcher_v3_regex.RegexMatcher;
  'envoy.type.matcher.v3.ListStringMatcher': envoy_type_matcher_v3_string.ListStringMatcher;
  'envoy.type.matcher.v3.StringMatcher': envoy_type_matcher_v3_string.StringMatcher;
  'envoy.type.matcher.v3.StructMatcher': envoy_type_matcher_v3_struct.StructMatcher;
  'envoy.type.matcher.v3.ListMatcher': envoy_type_matcher_v3_value.ListMatcher;
  'envoy.type.matcher.v3.ValueMatcher': envoy_type_matcher_v3_value.ValueMatcher;
  'envoy.type.metadata.v3.MetadataKey': envoy_type_metadata_v3_metadata.MetadataKey;
  'envoy.type.metadata.v3.MetadataKind': envoy_type_metadata_v3_metadata.MetadataKind;
  'envoy.type.tracing.v3.CustomTag': envoy_type_tracing_v3_custom_tag.CustomTag;
  'envoy.type.v3.HashPolicy': envoy_type_v3_hash_policy.HashPolicy;
  'envoy.type.v3.HttpStatus': envoy_type_v3_http_status.HttpStatus;
  'envoy.type.v3.FractionalPercent': envoy_type_v3_percent.FractionalPercent;
  'envoy.type.v3.Percent': envoy_type_v3_percent.Percent;
  'envoy.type.v3.DoubleRange': envoy_type_v3_range.DoubleRange;
  'envoy.type.v3.Int32Range': envoy_type_v3_range.Int32Range;
  'envoy.type.v3.Int64Range': envoy_type_v3_range.Int64Range;
  'envoy.type.v3.SemanticVersion': envoy_type_v3_semantic_version.SemanticVersion;
  'envoy.type.v3.TokenBucket': envoy_type_v3_token_bucket.TokenBucket;
  'mvccpb.Event': etcd_kv.Event;
  'mvccpb.KeyValue': etcd_kv.KeyValue;
  'google.protobuf.Any': google_protobuf_any.Any;
  'google.protobuf.Duration': google_protobuf_duration.Duration;
  'google.protobuf.ListValue': google_protobuf_struct.ListValue;
  'google.protobuf.Struct': google_protobuf_struct.Struct;
  'google.protobuf.Value': google_protobuf_struct.Value;
  'google.protobuf.Timestamp': google_protobuf_timestamp.Timestamp;
  'google.protobuf.BoolValue': google_protobuf_wrappers.BoolValue;
  'google.protobuf.BytesValue': google_protobuf_wrappers.BytesValue;
  'google.protobuf.DoubleValue': google_protobuf_wrappers.DoubleValue;
  'google.protobuf.FloatValue': google_protobuf_wrappers.FloatValue;
  'google.protobuf.Int32Value': google_protobuf_wrappers.Int32Value;
  'google.protobuf.Int64Value': google_protobuf_wrappers.Int64Value;
  'google.protobuf.StringValue': google_protobuf_wrappers.StringValue;
  'google.protobuf.UInt32Value': google_protobuf_wrappers.UInt32Value;
  'google.protobuf.UInt64Value': google_protobuf_wrappers.UInt64Value;
  'google.rpc.Status': google_rpc_status.Status;
  'outrider.agent.v1.AgentConfig': outrider_agent_v1_agent.AgentConfig;
  'outrider.agent.v1.AgentMessage': outrider_agent_v1_agent.AgentMessage;
  'outrider.agent.v1.ApplicationCheck': outrider_agent_v1_agent.ApplicationCheck;
  'outrider.agent.v1.BreakerReport': outrider_agent_v1_agent.BreakerReport;
  'outrider.agent.v1.BreakerView': outrider_agent_v1_agent.BreakerView;
  'outrider.agent.v1.CommandProbe': outrider_agent_v1_agent.CommandProbe;
  'outrider.agent.v1.ControlMessage': outrider_agent_v1_agent.ControlMessage;
  'outrider.agent.v1.Deregister': outrider_agent_v1_agent.Deregister;
  'outrider.agent.v1.Drain': outrider_agent_v1_agent.Drain;
  'outrider.agent.v1.Edge': outrider_agent_v1_agent.Edge;
  'outrider.agent.v1.GrpcProbe': outrider_agent_v1_agent.GrpcProbe;
  'outrider.agent.v1.Heartbeat': outrider_agent_v1_agent.Heartbeat;
  'outrider.agent.v1.HeartbeatAck': outrider_agent_v1_agent.HeartbeatAck;
  'outrider.agent.v1.HttpProbe': outrider_agent_v1_agent.HttpProbe;
  'outrider.agent.v1.Identity': outrider_agent_v1_agent.Identity;
  'outrider.agent.v1.Leave': outrider_agent_v1_agent.Leave;
  'outrider.agent.v1.LoadReport': outrider_agent_v1_agent.LoadReport;
  'outrider.agent.v1.Refused': outrider_agent_v1_agent.Refused;
  'outrider.agent.v1.Register': outrider_agent_v1_agent.Register;
  'outrider.agent.v1.Registered': outrider_agent_v1_agent.Registered;
  'outrider.agent.v1.TcpProbe': outrider_agent_v1_agent.TcpProbe;
  'outrider.config.v1.ConfigEntry': outrider_config_v1_config_set.ConfigEntry;
  'outrider.config.v1.ConfigSet': outrider_config_v1_config_set.ConfigSet;
  'outrider.filters.http.v1.AdaptiveLimit': outrider_filters_http_v1_limits.AdaptiveLimit;
  'outrider.filters.http.v1.Deadline': outrider_filters_http_v1_limits.Deadline;
  'outrider.filters.http.v1.ExpiringFault': outrider_filters_http_v1_limits.ExpiringFault;
  'outrider.filters.http.v1.Quota': outrider_filters_http_v1_limits.Quota;
  'outrider.filters.http.v1.QuotaLimit': outrider_filters_http_v1_limits.QuotaLimit;
  'outrider.lb.v1.PeakEwma': outrider_lb_v1_peak_ewma.PeakEwma;
  'outrider.resilience.v1.Breaker': outrider_resilience_v1_cluster_policy.Breaker;
  'outrider.resilience.v1.ClusterPolicy': outrider_resilience_v1_cluster_policy.ClusterPolicy;
  'outrider.resilience.v1.Ejection': outrider_resilience_v1_cluster_policy.Ejection;
  'outrider.resilience.v1.RetryBudget': outrider_resilience_v1_cluster_policy.RetryBudget;
  'outrider.resilience.v1.Fallback': outrider_resilience_v1_route_policy.Fallback;
  'outrider.resilience.v1.Hedging': outrider_resilience_v1_route_policy.Hedging;
  'outrider.resilience.v1.LastGood': outrider_resilience_v1_route_policy.LastGood;
  'outrider.resilience.v1.RequestBreaker': outrider_resilience_v1_route_policy.RequestBreaker;
  'outrider.resilience.v1.RoutePolicy': outrider_resilience_v1_route_policy.RoutePolicy;
  'outrider.resilience.v1.SafeRetries': outrider_resilience_v1_route_policy.SafeRetries;
  'outrider.resilience.v1.StaticAnswer': outrider_resilience_v1_route_policy.StaticAnswer;
  'outrider.resilience.v1.SharedBreaker': outrider_resilience_v1_shared_breaker.SharedBreaker;
  'outrider.scaling.v1.ScalingDecision': outrider_scaling_v1_scaling_decision.ScalingDecision;
}

/** Full names of all top-level messages. */
export const TYPE_NAMES: readonly (keyof MessageTypes)[] = [
  'envoy.admin.v3.ClusterStatus',
  'envoy.admin.v3.Clusters',
  'envoy.admin.v3.HostHealthStatus',
  'envoy.admin.v3.HostStatus',
  'envoy.admin.v3.BootstrapConfigDump',
  'envoy.admin.v3.ConfigDump',
  'envoy.admin.v3.SecretsConfigDump',
  'envoy.admin.v3.ClustersConfigDump',
  'envoy.admin.v3.EndpointsConfigDump',
  'envoy.admin.v3.ListenersConfigDump',
  'envoy.admin.v3.RoutesConfigDump',
  'envoy.admin.v3.UpdateFailureState',
  'envoy.admin.v3.ListenerStatus',
  'envoy.admin.v3.Listeners',
  'envoy.admin.v3.SimpleMetric',
  'envoy.admin.v3.CommandLineOptions',
  'envoy.admin.v3.ServerInfo',
  'envoy.config.accesslog.v3.AccessLog',
  'envoy.config.accesslog.v3.AccessLogFilter',
  'envoy.config.accesslog.v3.AndFilter',
  'envoy.config.accesslog.v3.ComparisonFilter',
  'envoy.config.accesslog.v3.DurationFilter',
  'envoy.config.accesslog.v3.GrpcStatusFilter',
  'envoy.config.accesslog.v3.HeaderFilter',
  'envoy.config.accesslog.v3.MetadataFilter',
  'envoy.config.accesslog.v3.NotHealthCheckFilter',
  'envoy.config.accesslog.v3.OrFilter',
  'envoy.config.accesslog.v3.ResponseFlagFilter',
  'envoy.config.accesslog.v3.RuntimeFilter',
  'envoy.config.accesslog.v3.StatusCodeFilter',
  'envoy.config.accesslog.v3.TraceableFilter',
  'envoy.config.bootstrap.v3.Admin',
  'envoy.config.bootstrap.v3.Bootstrap',
  'envoy.config.bootstrap.v3.ClusterManager',
  'envoy.config.bootstrap.v3.LayeredRuntime',
  'envoy.config.bootstrap.v3.RuntimeLayer',
  'envoy.config.cluster.v3.CircuitBreakers',
  'envoy.config.cluster.v3.Cluster',
  'envoy.config.cluster.v3.LoadBalancingPolicy',
  'envoy.config.cluster.v3.TrackClusterStats',
  'envoy.config.cluster.v3.UpstreamConnectionOptions',
  'envoy.config.cluster.v3.OutlierDetection',
  'envoy.config.common.mutation_rules.v3.HeaderMutation',
  'envoy.config.core.v3.Address',
  'envoy.config.core.v3.BindConfig',
  'envoy.config.core.v3.CidrRange',
  'envoy.config.core.v3.Pipe',
  'envoy.config.core.v3.SocketAddress',
  'envoy.config.core.v3.TcpKeepalive',
  'envoy.config.core.v3.BackoffStrategy',
  'envoy.config.core.v3.BuildVersion',
  'envoy.config.core.v3.ControlPlane',
  'envoy.config.core.v3.DataSource',
  'envoy.config.core.v3.HeaderValue',
  'envoy.config.core.v3.HeaderValueOption',
  'envoy.config.core.v3.Locality',
  'envoy.config.core.v3.Metadata',
  'envoy.config.core.v3.Node',
  'envoy.config.core.v3.RuntimeDouble',
  'envoy.config.core.v3.RuntimeFeatureFlag',
  'envoy.config.core.v3.RuntimeFractionalPercent',
  'envoy.config.core.v3.RuntimePercent',
  'envoy.config.core.v3.RuntimeUInt32',
  'envoy.config.core.v3.TransportSocket',
  'envoy.config.core.v3.WatchedDirectory',
  'envoy.config.core.v3.AggregatedConfigSource',
  'envoy.config.core.v3.ApiConfigSource',
  'envoy.config.core.v3.ConfigSource',
  'envoy.config.core.v3.PathConfigSource',
  'envoy.config.core.v3.RateLimitSettings',
  'envoy.config.core.v3.SelfConfigSource',
  'envoy.config.core.v3.TypedExtensionConfig',
  'envoy.config.core.v3.GrpcService',
  'envoy.config.core.v3.HealthCheck',
  'envoy.config.core.v3.HealthStatusSet',
  'envoy.config.core.v3.Http1ProtocolOptions',
  'envoy.config.core.v3.Http2ProtocolOptions',
  'envoy.config.core.v3.HttpProtocolOptions',
  'envoy.config.core.v3.KeepaliveSettings',
  'envoy.config.core.v3.SchemeHeaderTransformation',
  'envoy.config.core.v3.TcpProtocolOptions',
  'envoy.config.core.v3.UpstreamHttpProtocolOptions',
  'envoy.config.core.v3.ProxyProtocolConfig',
  'envoy.config.core.v3.SocketOption',
  'envoy.config.core.v3.JsonFormatOptions',
  'envoy.config.core.v3.SubstitutionFormatString',
  'envoy.config.endpoint.v3.ClusterLoadAssignment',
  'envoy.config.endpoint.v3.Endpoint',
  'envoy.config.endpoint.v3.LbEndpoint',
  'envoy.config.endpoint.v3.LocalityLbEndpoints',
  'envoy.config.endpoint.v3.ClusterStats',
  'envoy.config.endpoint.v3.EndpointLoadMetricStats',
  'envoy.config.endpoint.v3.UpstreamEndpointStats',
  'envoy.config.endpoint.v3.UpstreamLocalityStats',
  'envoy.config.listener.v3.ApiListener',
  'envoy.config.listener.v3.AdditionalAddress',
  'envoy.config.listener.v3.Listener',
  'envoy.config.listener.v3.Filter',
  'envoy.config.listener.v3.FilterChain',
  'envoy.config.listener.v3.FilterChainMatch',
  'envoy.config.listener.v3.ListenerFilter',
  'envoy.config.listener.v3.ListenerFilterChainMatchPredicate',
  'envoy.config.listener.v3.UdpListenerConfig',
  'envoy.config.metrics.v3.HistogramBucketSettings',
  'envoy.config.metrics.v3.StatsConfig',
  'envoy.config.metrics.v3.StatsMatcher',
  'envoy.config.metrics.v3.TagSpecifier',
  'envoy.config.rbac.v3.Permission',
  'envoy.config.rbac.v3.Policy',
  'envoy.config.rbac.v3.Principal',
  'envoy.config.rbac.v3.RBAC',
  'envoy.config.route.v3.RouteConfiguration',
  'envoy.config.route.v3.Decorator',
  'envoy.config.route.v3.DirectResponseAction',
  'envoy.config.route.v3.FilterConfig',
  'envoy.config.route.v3.HeaderMatcher',
  'envoy.config.route.v3.HedgePolicy',
  'envoy.config.route.v3.InternalRedirectPolicy',
  'envoy.config.route.v3.NonForwardingAction',
  'envoy.config.route.v3.QueryParameterMatcher',
  'envoy.config.route.v3.RateLimit',
  'envoy.config.route.v3.RedirectAction',
  'envoy.config.route.v3.RetryPolicy',
  'envoy.config.route.v3.Route',
  'envoy.config.route.v3.RouteAction',
  'envoy.config.route.v3.RouteMatch',
  'envoy.config.route.v3.Tracing',
  'envoy.config.route.v3.VirtualCluster',
  'envoy.config.route.v3.VirtualHost',
  'envoy.config.route.v3.WeightedCluster',
  'envoy.data.dns.v3.DnsTable',
  'envoy.extensions.access_loggers.file.v3.FileAccessLog',
  'envoy.extensions.access_loggers.stream.v3.StderrAccessLog',
  'envoy.extensions.access_loggers.stream.v3.StdoutAccessLog',
  'envoy.extensions.common.ratelimit.v3.LocalRateLimitDescriptor',
  'envoy.extensions.common.ratelimit.v3.RateLimitDescriptor',
  'envoy.extensions.filters.common.fault.v3.FaultDelay',
  'envoy.extensions.filters.common.fault.v3.FaultRateLimit',
  'envoy.extensions.filters.http.cors.v3.Cors',
  'envoy.extensions.filters.http.cors.v3.CorsPolicy',
  'envoy.extensions.filters.http.fault.v3.FaultAbort',
  'envoy.extensions.filters.http.fault.v3.HTTPFault',
  'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation',
  'envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute',
  'envoy.extensions.filters.http.header_mutation.v3.Mutations',
  'envoy.extensions.filters.http.health_check.v3.HealthCheck',
  'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit',
  'envoy.extensions.filters.http.on_demand.v3.OnDemand',
  'envoy.extensions.filters.http.on_demand.v3.OnDemandCds',
  'envoy.extensions.filters.http.rbac.v3.RBAC',
  'envoy.extensions.filters.http.rbac.v3.RBACPerRoute',
  'envoy.extensions.filters.http.router.v3.Router',
  'envoy.extensions.filters.http.stateful_session.v3.StatefulSession',
  'envoy.extensions.filters.http.stateful_session.v3.StatefulSessionPerRoute',
  'envoy.extensions.filters.listener.http_inspector.v3.HttpInspector',
  'envoy.extensions.filters.listener.original_dst.v3.OriginalDst',
  'envoy.extensions.filters.listener.original_src.v3.OriginalSrc',
  'envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol',
  'envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector',
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter',
  'envoy.extensions.filters.network.http_connection_manager.v3.LocalReplyConfig',
  'envoy.extensions.filters.network.http_connection_manager.v3.Rds',
  'envoy.extensions.filters.network.http_connection_manager.v3.RequestIDExtension',
  'envoy.extensions.filters.network.http_connection_manager.v3.ResponseMapper',
  'envoy.extensions.filters.network.rbac.v3.RBAC',
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
  'envoy.extensions.filters.udp.dns_filter.v3.DnsFilterConfig',
  'envoy.extensions.http.stateful_session.cookie.v3.CookieBasedSessionState',
  'envoy.extensions.http.stateful_session.header.v3.HeaderBasedSessionState',
  'envoy.extensions.load_balancing_policies.common.v3.ConsistentHashingLbConfig',
  'envoy.extensions.load_balancing_policies.common.v3.LocalityLbConfig',
  'envoy.extensions.load_balancing_policies.common.v3.SlowStartConfig',
  'envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest',
  'envoy.extensions.load_balancing_policies.maglev.v3.Maglev',
  'envoy.extensions.load_balancing_policies.pick_first.v3.PickFirst',
  'envoy.extensions.load_balancing_policies.random.v3.Random',
  'envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash',
  'envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin',
  'envoy.extensions.load_balancing_policies.wrr_locality.v3.WrrLocality',
  'envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig',
  'envoy.extensions.rate_limit_descriptors.expr.v3.Descriptor',
  'envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig',
  'envoy.extensions.retry.host.omit_canary_hosts.v3.OmitCanaryHostsPredicate',
  'envoy.extensions.retry.host.omit_host_metadata.v3.OmitHostMetadataConfig',
  'envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
  'envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig',
  'envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport',
  'envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer',
  'envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext',
  'envoy.extensions.transport_sockets.tls.v3.SubjectAltNameMatcher',
  'envoy.extensions.transport_sockets.tls.v3.TlsCertificate',
  'envoy.extensions.transport_sockets.tls.v3.TlsParameters',
  'envoy.extensions.transport_sockets.tls.v3.TlsSessionTicketKeys',
  'envoy.extensions.transport_sockets.tls.v3.GenericSecret',
  'envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig',
  'envoy.extensions.transport_sockets.tls.v3.Secret',
  'envoy.extensions.transport_sockets.tls.v3.CommonTlsContext',
  'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
  'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
  'envoy.service.discovery.v3.DeltaDiscoveryRequest',
  'envoy.service.discovery.v3.DeltaDiscoveryResponse',
  'envoy.service.discovery.v3.DiscoveryRequest',
  'envoy.service.discovery.v3.DiscoveryResponse',
  'envoy.service.discovery.v3.Resource',
  'envoy.type.http.v3.Cookie',
  'envoy.type.matcher.v3.MetadataMatcher',
  'envoy.type.matcher.v3.NodeMatcher',
  'envoy.type.matcher.v3.DoubleMatcher',
  'envoy.type.matcher.v3.PathMatcher',
  'envoy.type.matcher.v3.RegexMatchAndSubstitute',
  'envoy.type.matcher.v3.RegexMatcher',
  'envoy.type.matcher.v3.ListStringMatcher',
  'envoy.type.matcher.v3.StringMatcher',
  'envoy.type.matcher.v3.StructMatcher',
  'envoy.type.matcher.v3.ListMatcher',
  'envoy.type.matcher.v3.ValueMatcher',
  'envoy.type.metadata.v3.MetadataKey',
  'envoy.type.metadata.v3.MetadataKind',
  'envoy.type.tracing.v3.CustomTag',
  'envoy.type.v3.HashPolicy',
  'envoy.type.v3.HttpStatus',
  'envoy.type.v3.FractionalPercent',
  'envoy.type.v3.Percent',
  'envoy.type.v3.DoubleRange',
  'envoy.type.v3.Int32Range',
  'envoy.type.v3.Int64Range',
  'envoy.type.v3.SemanticVersion',
  'envoy.type.v3.TokenBucket',
  'mvccpb.Event',
  'mvccpb.KeyValue',
  'google.protobuf.Any',
  'google.protobuf.Duration',
  'google.protobuf.ListValue',
  'google.protobuf.Struct',
  'google.protobuf.Value',
  'google.protobuf.Timestamp',
  'google.protobuf.BoolValue',
  'google.protobuf.BytesValue',
  'google.protobuf.DoubleValue',
  'google.protobuf.FloatValue',
  'google.protobuf.Int32Value',
  'google.protobuf.Int64Value',
  'google.protobuf.StringValue',
  'google.protobuf.UInt32Value',
  'google.protobuf.UInt64Value',
  'google.rpc.Status',
  'outrider.agent.v1.AgentConfig',
  'outrider.agent.v1.AgentMessage',
  'outrider.agent.v1.ApplicationCheck',
  'outrider.agent.v1.BreakerReport',
  'outrider.agent.v1.BreakerView',
  'outrider.agent.v1.CommandProbe',
  'outrider.agent.v1.ControlMessage',
  'outrider.agent.v1.Deregister',
  'outrider.agent.v1.Drain',
  'outrider.agent.v1.Edge',
  'outrider.agent.v1.GrpcProbe',
  'outrider.agent.v1.Heartbeat',
  'outrider.agent.v1.HeartbeatAck',
  'outrider.agent.v1.HttpProbe',
  'outrider.agent.v1.Identity',
  'outrider.agent.v1.Leave',
  'outrider.agent.v1.LoadReport',
  'outrider.agent.v1.Refused',
  'outrider.agent.v1.Register',
  'outrider.agent.v1.Registered',
  'outrider.agent.v1.TcpProbe',
  'outrider.config.v1.ConfigEntry',
  'outrider.config.v1.ConfigSet',
  'outrider.filters.http.v1.AdaptiveLimit',
  'outrider.filters.http.v1.Deadline',
  'outrider.filters.http.v1.ExpiringFault',
  'outrider.filters.http.v1.Quota',
  'outrider.filters.http.v1.QuotaLimit',
  'outrider.lb.v1.PeakEwma',
  'outrider.resilience.v1.Breaker',
  'outrider.resilience.v1.ClusterPolicy',
  'outrider.resilience.v1.Ejection',
  'outrider.resilience.v1.RetryBudget',
  'outrider.resilience.v1.Fallback',
  'outrider.resilience.v1.Hedging',
  'outrider.resilience.v1.LastGood',
  'outrider.resilience.v1.RequestBreaker',
  'outrider.resilience.v1.RoutePolicy',
  'outrider.resilience.v1.SafeRetries',
  'outrider.resilience.v1.StaticAnswer',
  'outrider.resilience.v1.SharedBreaker',
  'outrider.scaling.v1.ScalingDecision',
];
