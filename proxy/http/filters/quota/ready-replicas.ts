/** How many replicas of a service are ready, as the control plane has told last. */
export interface ReadyReplicas {
  /** 0 when nothing is known of it. */
  of(service: string): number;
}
