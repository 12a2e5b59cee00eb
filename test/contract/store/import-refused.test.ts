import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import Database from 'better-sqlite3';
import { exportStore, importStore } from 'millrace/store';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { exportedStore } from '../../support/exported-store.js';
import { tempFolder } from '../../support/temp-folder.js';

let store: string;
let lines: readonly string[];

beforeAll(async () => {
  ({ store, lines } = await exportedStore());
});

describe('what is no whole export', () => {
  let folder: string;

  afterEach(() => {
    // Nothing half-imported, and nothing temporary.
    expect(readdirSync(folder).filter((name) => !name.startsWith('in.'))).toEqual([]);
  });

  const refused = async (content: string | Buffer, name = 'in.jsonl') => {
    folder = tempFolder();
    const file = join(folder, name);
    writeFileSync(file, content);
    return importStore(file, join(folder, 'out.db')).then(
      () => 'imported',
      (error) => error as { code: string; message: string; details: { line?: number } },
    );
  };
  const edited = (line: number, change: (fields: Record<string, unknown>) => void): string => {
    const fields = JSON.parse(lines[line - 1] ?? '');
    change(fields);
    return lines.map((text, index) => (index === line - 1 ? JSON.stringify(fields) : text)).join('\n');
  };

  test.each<[string, number, RegExp, () => string]>([
    [
      'a line that is cut off',
      5,
      /is no JSON/,
      () => `${lines.slice(0, 4).join('\n')}\n${lines[4]?.slice(0, 70)}`,
    ],
    ['text that is no JSON', 2, /is no JSON/, () => `${lines[0]}\nnot json\n${lines[1]}`],
    ['an empty line', 2, /is no JSON/, () => `${lines[0]}\n\n${lines[1]}`],
    ['a line that is no object', 1, /is no JSON object/, () => '[1]'],
    ['null', 1, /is no JSON object/, () => 'null'],
    [
      'an unknown field',
      3,
      /unknown field 'price'/,
      () => edited(3, (of) => Object.assign(of, { price: 1 })),
    ],
    [
      'a version that is missing',
      7,
      /where version \d+ belongs: events before it are missing/,
      () => lines.filter((_, index) => index !== 0).join('\n'),
    ],
    [
      'an event that is there twice',
      3,
      /it has been there already/,
      () => [lines[0], lines[1], lines[1]].join('\n'),
    ],
    [
      'an event id that is there twice',
      4,
      /it has been there already/,
      () => [...lines.slice(0, 3), (lines[0] ?? '').replace('"position":1,', '"position":9,')].join('\n'),
    ],
    ['exchanged lines', 3, /out of order/, () => [lines[0], lines[2], lines[1]].join('\n')],
    [
      'another log',
      2,
      /is of another log/,
      () =>
        edited(2, (of) =>
          Object.assign(of, {
            event_id: String(of.event_id).replace(/^./, 'x'),
            metadata: of.metadata,
            correlation_id: of.correlation_id,
          }),
        ),
    ],
    [
      'an id of another event',
      2,
      /event_id/,
      () => edited(2, (of) => Object.assign(of, { event_id: `${of.event_id}1` })),
    ],
    [
      'a time that contradicts itself',
      2,
      /timestamp/,
      () => edited(2, (of) => Object.assign(of, { occurred_at: 5 })),
    ],
    [
      'a correlation id that contradicts itself',
      2,
      /correlation_id/,
      () => edited(2, (of) => Object.assign(of, { correlation_id: 'x' })),
    ],
    ['metadata that is none', 2, /metadata/, () => edited(2, (of) => Object.assign(of, { metadata: [] }))],
    ['no data', 2, /has no data/, () => edited(2, (of) => Object.assign(of, { data: undefined }))],
    [
      'a tag that says nothing',
      2,
      /\{"\$bigint": "x"\} says nothing/,
      () => edited(2, (of) => Object.assign(of, { data: { a: { $bigint: 'x' } } })),
    ],
    [
      'a bigint beyond 64 bits',
      2,
      /beyond 64 bits/,
      () => edited(2, (of) => Object.assign(of, { data: { $bigint: '99999999999999999999' } })),
    ],
    [
      'a key that no payload has',
      2,
      /__proto__/,
      () => edited(2, (of) => Object.assign(of, { data: JSON.parse('{"__proto__":1}') })),
    ],
    ['half a character', 2, /lone surrogate/, () => edited(2, (of) => Object.assign(of, { data: '\ud800' }))],
    [
      'a number that JSON makes infinite',
      2,
      /Infinity/,
      () => edited(2, (of) => Object.assign(of, { data: 7 })).replace('"data":7', '"data":1e999'),
    ],
    ['a position of 0', 1, /position 0/, () => edited(1, (of) => Object.assign(of, { position: 0 }))],
    [
      'a version that is no number',
      1,
      /version "1"/,
      () => edited(1, (of) => Object.assign(of, { version: '1' })),
    ],
    ['a type that is none', 1, /type ""/, () => edited(1, (of) => Object.assign(of, { type: '' }))],
    [
      'a key that is too long',
      1,
      /has a key that is no well-formed text/,
      () => edited(1, (of) => Object.assign(of, { key: 'x'.repeat(70_000) })),
    ],
    [
      'a cause that came later',
      1,
      /cause that came after/,
      () => edited(1, (of) => Object.assign(of, { caused_by: 7 })),
    ],
    ...['data', 'metadata', 'key', 'volatile'].flatMap((field) =>
      [1000, 200_000].map((depth): [string, number, RegExp, () => string] => [
        `${depth} levels of ${field}`,
        1,
        /deeper than 64 levels|which must be/,
        () =>
          edited(1, (of) => Object.assign(of, { [field]: 7 })).replace(
            `"${field}":7`,
            `"${field}":${'['.repeat(depth)}${']'.repeat(depth)}`,
          ),
      ]),
    ),
    [
      'objects without end',
      1,
      /deeper than 64 levels/,
      () =>
        edited(1, (of) => Object.assign(of, { data: 7 })).replace(
          '"data":7',
          `"data":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
        ),
    ],
    [
      'a version of a schema that no type can have',
      1,
      /type_version 65536, which must be a whole number from 1 to 65535/,
      () => edited(1, (of) => Object.assign(of, { type_version: 65_536 })),
    ],
    [
      "an id of the caller's own that is no text",
      2,
      /whose ids are no texts/,
      () =>
        edited(2, (of) =>
          Object.assign(of, { metadata: Object.assign(of.metadata as object, { eventId: 5 }) }),
        ),
    ],
  ])('is refused with its line: %s', async (_what, line, message, content) => {
    const error = await refused(content());
    expect(error).toMatchObject({ code: 'MILLRACE_INPUT', message: expect.stringMatching(message) });
    expect(error).toMatchObject({ details: { line }, message: expect.stringContaining(`line ${line}: `) });
    expect((error as unknown as Error).message).toMatch(/Nothing was imported\.$/);
  });

  test.each<[string, RegExp, () => string | Buffer]>([
    ['an empty file', /holds no events/, () => ''],
    [
      'gzip that ends early',
      /line \d+: the event cannot be read/,
      () => gzipSync(lines.join('\n')).subarray(0, -40),
    ],
    [
      'gzip that is damaged',
      /line \d+: the event/,
      () => {
        const packed = gzipSync(lines.join('\n'));
        packed.fill(7, 300, 310);
        return packed;
      },
    ],
    [
      'bytes that are no UTF-8, which would be another text',
      /line 2: the event is no UTF-8/,
      () => {
        const bytes = Buffer.from(lines.join('\n'));
        bytes[bytes.indexOf('note', bytes.indexOf('\n'))] = 0xe4;
        return bytes;
      },
    ],
    ['a store', /is a SQLite file, but no export/, () => readFileSync(store)],
    ['CSV', /line 1: the event is no JSON/, () => 'position,type\n1,a\n'],
    ['Parquet', /line 1: the event is no JSON/, () => 'PAR1...'],
    [
      'half an export of a database',
      /cannot be read/,
      () => readFileSync(exportedDatabase()).subarray(0, 20_000),
    ],
    ['a database without its table', /no such table/, () => changedDatabase('DROP TABLE events')],
    [
      'a database of another form',
      /is an export of form 2/,
      () => changedDatabase('PRAGMA user_version = 2'),
    ],
    [
      'a row that was changed',
      /line 7: .*version/,
      () => changedDatabase('UPDATE events SET version = 99 WHERE position = 7'),
    ],
    [
      'a payload that was changed',
      /line 7: .*no JSON/,
      () => changedDatabase("UPDATE events SET data = '{' WHERE position = 7"),
    ],
    ['a column too many', /unknown field 'mine'/, () => changedDatabase('ALTER TABLE events ADD mine')],
  ])('is refused: %s', async (_what, message, content) => {
    expect(await refused(content())).toMatchObject({
      code: 'MILLRACE_INPUT',
      message: expect.stringMatching(message),
    });
  });

  let database = '';
  const exportedDatabase = () => database;
  beforeAll(async () => {
    database = join(tempFolder(), 'all.db');
    await exportStore(store, database);
  });

  function changedDatabase(sql: string): Buffer {
    const copy = join(tempFolder(), 'changed.db');
    writeFileSync(copy, readFileSync(database));
    const connection = new Database(copy);
    connection.exec(sql);
    connection.close();
    return readFileSync(copy);
  }

  test('is refused at every byte at which a file may end, but for whole lines', async () => {
    const whole = `${lines.slice(0, 3).join('\n')}\n`;
    const ends = lines.slice(0, 3).map((_, index) => lines.slice(0, index + 1).join('\n').length);
    for (let length = 0; length < whole.length; length += 37) {
      const outcome = await refused(whole.slice(0, length));
      expect(ends.includes(length) || typeof outcome === 'object', String(length)).toBe(true);
    }
    folder = tempFolder();
  });

  test('is refused when a selection has left out events of an aggregate', async () => {
    const file = join(tempFolder(), 'part.jsonl');
    await exportStore(store, file, { from: 20 });
    expect(await refused(readFileSync(file))).toMatchObject({
      code: 'MILLRACE_INPUT',
      message: expect.stringMatching(/An export with --types or --from is no whole log/),
    });
  });
});
