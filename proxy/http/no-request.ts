/** What stands for the request where there is none: a TCP session. It has no fields, and editing it does nothing. */
import type { RequestHead } from './message.ts';

export const NO_REQUEST: RequestHead = {
  method: '',
  isHead: false,
  path: '',
  authority: '',
  traits: 0,
  upgradeValue: '',
  framing: 'none',
  find: () => -1,
  value: () => '',
  first: () => null,
  remove: () => {},
  add: () => {},
  append: () => {},
  appendBoth: () => {},
  eachLine: () => {},
  dropWhere: () => {},
  restore: () => {},
  setPath: () => {},
  setAuthority: () => {},
  composeRequest: () => '',
  detach: () => NO_REQUEST,
};
