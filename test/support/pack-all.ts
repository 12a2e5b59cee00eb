import Database from 'better-sqlite3';
import { Packer, type PackResult } from '../../dist/src/store/segments/packer.js';
import type { Writer } from '../../dist/src/store/writer.js';

/**
 * Packs what can be packed of an open store, as its threads do in a quiet moment.
 *
 * @param path of the writer's store.
 * @param packs at most so many.
 * @returns how many were made.
 */
export function packAll(writer: Writer, path: string, packs = Number.POSITIVE_INFINITY): number {
  const database = new Database(path);
  let made = 0;
  try {
    const packer = new Packer(database);
    while (made < packs) {
      const range = writer.coldRange(0);
      const result: PackResult | undefined = range && packer.pack(range.after, range.until);
      if (!range || !result || result.done === range.after) break;
      writer.applyPacked(result);
      made++;
    }
  } finally {
    database.close();
  }
  return made;
}
