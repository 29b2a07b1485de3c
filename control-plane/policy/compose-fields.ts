/**
 * Which fields of the Compose specification are honoured. A string completes the sentence `"FIELD" ...`.
 *
 * A field that is known to Compose and not honoured is refused, not ignored: it would change what runs.
 */
import type { KnownFields } from './cursor.ts';
import { NOT_YET } from './document.ts';

const CONTAINER = 'needs containers, which the process driver does not have: remove it';

const refuse = (names: string, why: string): KnownFields =>
  Object.fromEntries(names.split(' ').map((name) => [name, why]));
const honour = (names: string): KnownFields =>
  Object.fromEntries(names.split(' ').map((name) => [name, true] as const));

/** The top level. `version` is obsolete in Compose too, and means nothing. */
export const COMPOSE: KnownFields = {
  ...honour('name version services'),
  ...refuse('configs secrets include models', NOT_YET),
  ...refuse('networks volumes', CONTAINER),
};

/** A service. */
export const SERVICE: KnownFields = {
  ...honour('command entrypoint environment env_file working_dir expose ports depends_on deploy healthcheck image'),
  ...honour('labels stop_grace_period x-outrider'),
  ...refuse(
    'configs secrets extends profiles restart scale develop hooks post_start pre_stop provider models',
    NOT_YET,
  ),
  ...refuse(
    'annotations attach credential_spec label_file logging runtime stop_signal storage_opt use_api_socket',
    NOT_YET,
  ),
  ...refuse(
    'cpus mem_limit mem_reservation cpu_count cpu_percent cpu_period cpu_quota cpu_shares',
    'is the old form: use deploy.resources.limits',
  ),
  ...refuse(
    'build networks volumes volumes_from tmpfs network_mode container_name hostname domainname links',
    CONTAINER,
  ),
  ...refuse(
    'external_links extra_hosts dns dns_opt dns_search mac_address privileged read_only cap_add cap_drop',
    CONTAINER,
  ),
  ...refuse(
    'cgroup cgroup_parent device_cgroup_rules devices gpus group_add init ipc isolation pid pids_limit',
    CONTAINER,
  ),
  ...refuse(
    'platform pull_policy pull_refresh_after security_opt shm_size stdin_open sysctls tty ulimits user userns_mode uts',
    CONTAINER,
  ),
  ...refuse(
    'blkio_config cpu_rt_period cpu_rt_runtime cpuset mem_swappiness memswap_limit oom_kill_disable oom_score_adj',
    CONTAINER,
  ),
};

/** `deploy`. */
export const DEPLOY: KnownFields = {
  ...honour('replicas resources mode update_config'),
  ...refuse('rollback_config restart_policy placement labels endpoint_mode', NOT_YET),
};

/** `deploy.update_config`. */
export const UPDATE: KnownFields = {
  ...honour('parallelism order failure_action'),
  ...refuse('delay monitor max_failure_ratio', NOT_YET),
};

/** `deploy.resources`. */
export const RESOURCES: KnownFields = { limits: true, reservations: NOT_YET };

/** `deploy.resources.limits`. */
export const LIMITS: KnownFields = { cpus: true, memory: true, pids: NOT_YET };

/** `healthcheck`. */
export const HEALTHCHECK: KnownFields = honour('test interval timeout retries start_period start_interval disable');

/** One entry of `ports` in its long form. */
export const PORT: KnownFields = { ...honour('name target published host_ip protocol mode'), app_protocol: NOT_YET };

/** `x-outrider`: what Compose has no word for. `inject` is for `outrider inject`, and means nothing here. */
export const OUTRIDER: KnownFields = honour('service version port protocol health config subscription inject');

/** `x-outrider.health`. */
export const OUTRIDER_HEALTH: KnownFields = honour('path grpc interval timeout retries start_period start_interval');

/** `x-outrider.health.grpc`. */
export const OUTRIDER_GRPC_HEALTH: KnownFields = honour('service');
