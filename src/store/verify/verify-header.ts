import { statSync } from 'node:fs';
import { readHeader, walBytes } from '../file-header.js';
import type { Sqlite } from '../sqlite.js';
import type { Problems } from './verify-problems.js';

/** SQLite's page in which its locks lie; it belongs to no table. */
const LOCK_BYTE = 0x4000_0000;

/** What each number of the header is in a store, by its offset; see section 1.3 of SQLite's file format. */
const FIXED: readonly {
  readonly at: number;
  readonly bytes: 1 | 4;
  readonly what: string;
  readonly is: number;
}[] = [
  { at: 20, bytes: 1, what: 'bytes that are left out at the end of each page', is: 0 },
  { at: 44, bytes: 4, what: 'the format of the schema', is: 4 },
  { at: 64, bytes: 4, what: 'vacuuming', is: 0 },
  ...[72, 76, 80, 84, 88].map((at) => ({ at, bytes: 4 as const, what: 'bytes for later use', is: 0 })),
];

/** How often the header is read when the file changes meanwhile. */
const LOOKS = 10;

/**
 * Compares the file's header with what it is in a store, because SQLite reads over most of it: a store whose header
 * forbids writing reads well, and opens in no engine. Of a file that this process has open it says nothing.
 */
export function verifyHeader(path: string, problems: Problems): void {
  for (let look = 1; look <= LOOKS; look++) {
    const before = momentOf(path);
    const faults = headerFaults(path);
    // Header, length and WAL of different moments contradict each other: an engine may just be closing the file.
    if (faults.length > 0 && look < LOOKS && momentOf(path) !== before) continue;
    for (const { kind, message } of faults) problems.add(kind, message);
    return;
  }
}

function momentOf(path: string): string {
  const { size, mtimeNs } = statSync(path, { bigint: true });
  return [size, mtimeNs, walBytes(path)].join();
}

interface HeaderFault {
  readonly kind: 'structure' | 'schema';
  readonly message: string;
}

function headerFaults(path: string): readonly HeaderFault[] {
  const faults: HeaderFault[] = [];
  const stats = statSync(path);
  const header = readHeader(path, stats);
  if (!header) return faults;
  const add = (what: string, found: string) =>
    faults.push({ kind: 'structure', message: `The file's header is damaged: ${what} ${found}.` });
  const number = (at: number) => header.readUInt32BE(at);
  const [write, read] = [header[18], header[19]];
  if (write !== read || (write !== 1 && write !== 2)) {
    add('the versions for writing and reading', `are ${write} and ${read}, and must both be 1 or 2`);
  }
  for (const { at, bytes, what, is } of FIXED) {
    const found = bytes === 1 ? (header[at] as number) : number(at);
    if (found !== is) add(what, `should be ${is} and is ${found}`);
  }
  // A copy would take these over, so it cures nothing: not a fault of the structure alone.
  if (number(52) !== 0 || number(56) !== 1) {
    faults.push({
      kind: 'schema',
      message: "The file's header is damaged: it has another encoding of text, or pages of other kinds.",
    });
  }
  if (number(24) !== number(92))
    add('the counter of changes', `is ${number(24)} and ${number(92)}, which must be equal`);
  if ((number(32) === 0) !== (number(36) === 0)) {
    add('the list of free pages', `has ${number(36)} pages and begins at page ${number(32)}`);
  }
  const pageBytes = header.readUInt16BE(16);
  const pages = stats.size / (pageBytes === 1 ? 65_536 : pageBytes);
  if (walBytes(path) === 0 && number(28) !== pages)
    add('the number of pages', `is ${number(28)}, and there are ${pages}`);
  return faults;
}

/**
 * Whether as many pages are free as the header says. (SQLite's own check does not count them.) Inside the caller's
 * transaction: an engine that has the file open frees pages when it packs.
 */
export function verifyFreePages(database: Sqlite, problems: Problems): void {
  const pragma = (name: string) => Number(database.pragma(name, { simple: true }));
  const free = pragma('freelist_count');
  if (free === 0) return;
  const used = Number(database.prepare('SELECT sum(pageno) FROM dbstat WHERE aggregate = 1').pluck().get());
  const pages = pragma('page_count');
  const locked = pages * pragma('page_size') > LOCK_BYTE ? 1 : 0;
  if (used + free + locked === pages) return;
  problems.add(
    'structure',
    `The list of free pages is damaged: it should have ${pages - used - locked} pages, and the file's header says ${free}.`,
  );
}
