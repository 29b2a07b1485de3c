/**
 * The embedded store keeps the contract of stores.
 */
import t from 'tap';
import { SqliteStore } from '../../../control-plane/store/sqlite.ts';
import { STORE_CONTRACT } from './fixtures/store-contract.ts';

for (const { name, check } of STORE_CONTRACT) {
  t.test(`SQLite: ${name}`, (t) => {
    const directory = t.testdir();
    return check(t, { open: async () => new SqliteStore(directory) });
  });
}
