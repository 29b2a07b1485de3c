/** Matchers of strings, headers and query parameters, and the expressions in them. */
import { type SafeRegex, toReplacement, toSafeRegex } from '../../../protos/contract/regex/safe-regex.ts';
import type {
  HeaderMatcher,
  QueryParameterMatcher,
} from '../../../protos/gen/envoy/config/route/v3/route_components.ts';
import type { RegexMatchAndSubstitute, RegexMatcher } from '../../../protos/gen/envoy/type/matcher/v3/regex.ts';
import type { StringMatcher } from '../../../protos/gen/envoy/type/matcher/v3/string.ts';
import type { Path } from '../../../protos/json/issue.ts';
import type { HeaderMatch, QueryMatch, StringMatch } from '../model/match.ts';
import type { Decoding } from './decoding.ts';

const NEVER_USED: SafeRegex = { pattern: '', source: '', flags: '' };

/** A regular expression; a refused one is reported. */
export function decodeRegex(message: RegexMatcher, path: Path, decoding: Decoding): SafeRegex {
  const result = toSafeRegex(message.regex);
  if (result.ok) return result.regex;
  decoding.report([...path, 'regex'], result.problem);
  return NEVER_USED;
}

/** A regular expression with what replaces it, in the syntax of String.prototype.replace. */
export function decodeRegexRewrite(
  message: RegexMatchAndSubstitute,
  path: Path,
  decoding: Decoding,
): { regex: SafeRegex; substitution: string } {
  const result = toSafeRegex(message.pattern?.regex ?? '');
  if (!result.ok) {
    decoding.report([...path, 'pattern', 'regex'], result.problem);
    return { regex: NEVER_USED, substitution: '' };
  }
  const replacement = toReplacement(message.substitution, result.groups);
  if (!replacement.ok) decoding.report([...path, 'substitution'], replacement.problem);
  return { regex: result.regex, substitution: replacement.ok ? replacement.text : '' };
}

/** A string matcher. Envoy ignores `ignore_case` on regular expressions; here it is refused. */
export function decodeStringMatch(message: StringMatcher, path: Path, decoding: Decoding): StringMatch {
  const { matchPattern, ignoreCase } = message;
  if (matchPattern === undefined) return { kind: 'exact', value: '', ignoreCase };
  if (matchPattern.$case !== 'safeRegex') return { kind: matchPattern.$case, value: matchPattern.value, ignoreCase };
  if (ignoreCase)
    decoding.report([...path, 'ignore_case'], 'ignore_case has no effect on safe_regex; write (?i) at its start');
  return { kind: 'regex', regex: decodeRegex(matchPattern.value, [...path, 'safe_regex'], decoding) };
}

/** A header matcher; without a condition the header must be there. */
export function decodeHeaderMatch(message: HeaderMatcher, path: Path, decoding: Decoding): HeaderMatch {
  return {
    name: message.name.toLowerCase(),
    test: headerTest(message.headerMatchSpecifier, path, decoding),
    invert: message.invertMatch,
    missingAsEmpty: message.treatMissingHeaderAsEmpty,
  };
}

function headerTest(
  specifier: HeaderMatcher['headerMatchSpecifier'],
  path: Path,
  decoding: Decoding,
): HeaderMatch['test'] {
  switch (specifier?.$case) {
    case 'stringMatch':
      return { kind: 'string', match: decodeStringMatch(specifier.value, [...path, 'string_match'], decoding) };
    case 'rangeMatch': {
      const [start, end] = [Number(specifier.value.start), Number(specifier.value.end)];
      return { kind: 'range', start, end };
    }
    case 'presentMatch':
      return { kind: 'present', present: specifier.value };
    case undefined:
      return { kind: 'present', present: true };
  }
}

/** A query parameter matcher; without a condition the parameter must be there. */
export function decodeQueryMatch(message: QueryParameterMatcher, path: Path, decoding: Decoding): QueryMatch {
  const specifier = message.queryParameterMatchSpecifier;
  if (specifier?.$case !== 'stringMatch') return { name: message.name, test: { kind: 'present' } };
  return {
    name: message.name,
    test: { kind: 'string', match: decodeStringMatch(specifier.value, [...path, 'string_match'], decoding) },
  };
}
