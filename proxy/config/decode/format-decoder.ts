/** Substitution formats: `text %COMMAND(args):length% text`, parsed once so that nothing is parsed per request. */
import type { Path } from '../../../protos/json/issue.ts';
import { nearestName } from '../../../protos/json/nearest.ts';
import { isStartTimeFormat } from '../../http/start-time.ts';
import type { FormatPart } from '../model/header-edits.ts';
import type { Decoding } from './decoding.ts';

/** Envoy's default access log line. */
export const DEFAULT_LOG_FORMAT =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% ' +
  '%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" ' +
  '"%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"\n';

const COMMAND = /%([A-Z0-9_]+)(?:\(([^)]*)\))?(?::(\d{1,9}))?%/y;

/** Commands whose argument may name an alternative behind `?`. */
const WITH_ALTERNATIVE = new Set(['REQ', 'RESP', 'TRAILER']);

/** Parses a format; what is wrong is reported and comes out as nothing. `%%` stands for one per cent sign. */
export function parseFormat(format: string, path: Path, decoding: Decoding): FormatPart[] {
  const parts: FormatPart[] = [];
  let text = '';
  for (let at = 0; at < format.length; ) {
    if (format[at] !== '%') text += format[at++];
    else if (format[at + 1] === '%') {
      text += '%';
      at += 2;
    } else {
      COMMAND.lastIndex = at;
      const match = COMMAND.exec(format);
      if (match === null) {
        decoding.report(path, `${shortened(format.slice(at))} is no %COMMAND%; write %% for a per cent sign`);
        return [];
      }
      if (text !== '') parts.push({ kind: 'text', text });
      text = '';
      parts.push(commandPart(match, path, decoding));
      at += match[0].length;
    }
  }
  if (text !== '') parts.push({ kind: 'text', text });
  return parts;
}

function commandPart(match: RegExpExecArray, path: Path, decoding: Decoding): FormatPart {
  const [whole, command = '', argument, length] = match;
  const known = decoding.sources.formatCommands;
  if (!known.has(command)) {
    const near = nearestName(command, known);
    decoding.report(
      path,
      `${whole} is not supported by Outrider${near === undefined ? '' : `; did you mean %${near}%?`}`,
    );
  }
  const args = argument === undefined ? [] : WITH_ALTERNATIVE.has(command) ? argument.split('?') : [argument];
  if (WITH_ALTERNATIVE.has(command) && args.length === 0)
    decoding.report(path, `${whole} needs a header name, as in %${command}(NAME)%`);
  if (command === 'START_TIME' && !isStartTimeFormat(args[0] ?? ''))
    decoding.report(
      path,
      `${whole} has a letter that is not supported by Outrider; use those of %Y-%m-%dT%H:%M:%S.%3fZ or %s`,
    );
  return { kind: 'command', command, args, maxLength: length === undefined ? null : Number(length) };
}

function shortened(text: string): string {
  return JSON.stringify(text.length > 30 ? `${text.slice(0, 27)}...` : text);
}
