/** How important a request is, as its caller says; who is less important is turned away first. */
export type Priority = 'critical' | 'default' | 'sheddable';

/** Which part of the limit requests of a priority may fill, all requests counted. */
export const SHARE: Readonly<Record<Priority, number>> = { critical: 1.2, default: 1, sheddable: 0.8 };

/** What a header's value means; whatever is not known is ordinary. */
export function priorityOf(value: string | null): Priority {
  return value === 'critical' || value === 'sheddable' ? value : 'default';
}
