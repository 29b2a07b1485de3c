/** Header additions and removals of one level: table, host, route or weighted cluster. */
import {
  HeaderValueOption_HeaderAppendAction as Action,
  type HeaderValueOption,
} from '../../../protos/gen/envoy/config/core/v3/base.ts';
import type { Path } from '../../../protos/json/issue.ts';
import type { AppendAction, HeaderAdd, HeaderEdits } from '../model/header-edits.ts';
import type { Decoding } from './decoding.ts';
import { parseFormat } from './format-decoder.ts';
import { isToken } from './values.ts';

/** The four lists that every level has. */
export interface EditsMessage {
  readonly requestHeadersToAdd: readonly HeaderValueOption[];
  readonly requestHeadersToRemove: readonly string[];
  readonly responseHeadersToAdd: readonly HeaderValueOption[];
  readonly responseHeadersToRemove: readonly string[];
}

const ACTIONS: Readonly<Record<number, AppendAction>> = {
  [Action.APPEND_IF_EXISTS_OR_ADD]: 'append',
  [Action.ADD_IF_ABSENT]: 'add-if-absent',
  [Action.OVERWRITE_IF_EXISTS_OR_ADD]: 'overwrite',
  [Action.OVERWRITE_IF_EXISTS]: 'overwrite-if-exists',
};

/** The edits of one level. Pseudo headers and `host` cannot be edited: rewrites are for those. */
export function decodeHeaderEdits(message: EditsMessage, path: Path, decoding: Decoding): HeaderEdits {
  return {
    requestAdd: decodeHeaderAdds(message.requestHeadersToAdd, [...path, 'request_headers_to_add'], decoding),
    requestRemove: decodeRemoves(message.requestHeadersToRemove, [...path, 'request_headers_to_remove'], decoding),
    responseAdd: decodeHeaderAdds(message.responseHeadersToAdd, [...path, 'response_headers_to_add'], decoding),
    responseRemove: decodeRemoves(message.responseHeadersToRemove, [...path, 'response_headers_to_remove'], decoding),
  };
}

/** Additions of one list. */
export function decodeHeaderAdds(options: readonly HeaderValueOption[], path: Path, decoding: Decoding): HeaderAdd[] {
  return options.map((option, i) => {
    const place = [...path, i, 'header'];
    const { key = '', value = '' } = option.header ?? {};
    checkEditable(key, [...place, 'key'], decoding);
    return {
      name: key,
      value: parseFormat(value, [...place, 'value'], decoding),
      action: ACTIONS[option.appendAction] ?? 'append',
      keepEmptyValue: option.keepEmptyValue,
    };
  });
}

function decodeRemoves(names: readonly string[], path: Path, decoding: Decoding): string[] {
  return names.map((name, i) => {
    checkEditable(name, [...path, i], decoding);
    return name.toLowerCase();
  });
}

function checkEditable(name: string, path: Path, decoding: Decoding): void {
  if (name.startsWith(':') || name.toLowerCase() === 'host') {
    decoding.report(
      path,
      `${name} cannot be edited as a header; use host_rewrite_literal, prefix_rewrite or regex_rewrite`,
    );
  } else if (!isToken(name)) decoding.report(path, `${JSON.stringify(name)} is no header name`);
}
