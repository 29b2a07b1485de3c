import t from 'tap';
import { subjectNames } from './subject-names.ts';

t.test('names of every kind are read, quoted ones as JSON', (t) => {
  t.same(subjectNames('DNS:a.test, URI:spiffe://mesh/ns/x, IP Address:10.0.0.1, email:a@b.test, DirName:CN = x'), [
    { kind: 'dns', value: 'a.test' },
    { kind: 'uri', value: 'spiffe://mesh/ns/x' },
    { kind: 'ip', value: '10.0.0.1' },
    { kind: 'email', value: 'a@b.test' },
    { kind: 'other', value: 'CN = x' },
  ]);
  t.same(subjectNames(undefined), []);
  t.end();
});

t.test('a name cannot hide another one', (t) => {
  t.same(subjectNames('URI:"spiffe://mesh/x, DNS:bank.test", DNS:a.test'), [
    { kind: 'uri', value: 'spiffe://mesh/x, DNS:bank.test' },
    { kind: 'dns', value: 'a.test' },
  ]);
  t.end();
});
