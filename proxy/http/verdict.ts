/** What a request filter decides. */
export const CONTINUE = 0;
export const PAUSE = 1;
/** The exchange has been answered, or handed to the upstream side. */
export const RESPONDED = 2;

export type Verdict = typeof CONTINUE | typeof PAUSE | typeof RESPONDED;
