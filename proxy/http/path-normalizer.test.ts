import fc from 'fast-check';
import t from 'tap';
import { normalizePath, type PathOptions } from './path-normalizer.ts';

const KEEP: PathOptions = { normalizePath: false, mergeSlashes: false, escapedSlashes: 'keep' };
const NORMALIZE: PathOptions = { ...KEEP, normalizePath: true };

/** The path that is used, or the word for what else becomes of it. */
function use(target: string, change: Partial<PathOptions> = NORMALIZE): string {
  const result = normalizePath(target, { ...KEEP, ...change });
  return result.kind === 'use' ? result.path : result.kind === 'redirect' ? `redirect ${result.path}` : 'refuse';
}

t.test('dot segments are resolved, at the root at the latest', (t) => {
  t.equal(use('/a/b/../c/./d'), '/a/c/d');
  t.equal(use('/../../etc/passwd'), '/etc/passwd');
  t.equal(use('/a/b/..'), '/a/');
  t.equal(use('/a/.'), '/a/');
  t.equal(use('/..'), '/');
  t.equal(use('/a/...'), '/a/...', 'three dots are a name');
  t.equal(use('/.hidden/..x'), '/.hidden/..x');
  t.equal(use('/a//../b'), '/a/b', 'an empty segment is one, too');
  t.end();
});

t.test('escapes of unreserved characters are decoded, others keep their spelling', (t) => {
  t.equal(use('/%41%7e%2D'), '/A~-');
  t.equal(use('/a/%2e%2E/b'), '/b');
  t.equal(use('/a/.%2e/b'), '/b');
  t.equal(use('/%2F%2f%25%c3%A9'), '/%2F%2f%25%c3%A9');
  t.equal(use('/%zz'), 'refuse', 'what is no escape');
  t.equal(use('/a/%4'), 'refuse', 'half an escape');
  t.equal(use('/a/%2%65%2%65/b'), 'refuse', 'what would become an escape by decoding');
  t.equal(use('/a?%zz'), '/a?%zz', 'the query is left alone');
  t.equal(use('/%2541'), '/%2541', 'nothing is decoded twice');
  t.end();
});

t.test('a backslash is read as a slash, and an escaped NUL refused', (t) => {
  t.equal(use('/a\\..\\admin'), '/admin');
  t.equal(use('/a%00.png'), 'refuse');
  t.equal(use('/a?%00'), '/a?%00', 'the query is left alone');
  t.end();
});

t.test('slashes are merged when that is asked for, outside the query', (t) => {
  t.equal(use('//a///b//?c=//d', { mergeSlashes: true }), '/a/b/?c=//d');
  t.equal(use('/a//b'), '/a//b', 'not by normalising alone');
  t.end();
});

t.test('escaped slashes are kept, refused, or taken for slashes, with or without a redirect', (t) => {
  const path = '/a%2Fb%5cc?q=%2F';
  t.equal(use(path, {}), path);
  t.equal(use(path, { escapedSlashes: 'reject' }), 'refuse');
  t.equal(use('/a?q=%2F', { escapedSlashes: 'reject' }), '/a?q=%2F');
  t.equal(use(path, { escapedSlashes: 'unescape-and-forward', normalizePath: true }), '/a/b/c?q=%2F');
  t.equal(use(path, { escapedSlashes: 'unescape-and-redirect', normalizePath: true }), 'redirect /a/b/c?q=%2F');
  t.equal(
    use('/public%2f..%2fadmin', { escapedSlashes: 'unescape-and-forward', normalizePath: true }),
    '/admin',
    'before dot segments are resolved',
  );
  t.end();
});

t.test('the asterisk of OPTIONS stays', (t) => {
  t.equal(use('*', { normalizePath: true, mergeSlashes: true }), '*');
  t.end();
});

t.test('a normalised path stays as it is, is absolute, and has no dot segment', (t) => {
  const part = fc.constantFrom(
    '/',
    '//',
    '.',
    '..',
    '%2e',
    '%2E',
    '%2f',
    '%41',
    '\\',
    'a',
    '%',
    '2',
    '65',
    '%00',
    '?q',
  );
  const property = fc.property(fc.array(part, { maxLength: 12 }), fc.boolean(), (parts, mergeSlashes) => {
    const options = { ...NORMALIZE, mergeSlashes };
    const once = use(`/${parts.join('')}`, options);
    if (once === 'refuse') return true;
    const path = once.split('?')[0]!;
    return use(once, options) === once && path.startsWith('/') && !/(^|\/)\.\.?(\/|$)/.test(path);
  });
  fc.assert(property, { numRuns: 500 });
  t.end();
});
