import { closeSync, fsyncSync, openSync, writeFileSync } from 'node:fs';
import { type EventRecord, eventCells } from '../store/sql/event-columns.js';
import { isJson } from '../store/sql/plain-json.js';
import { inTransaction, openConnection, type Sqlite } from '../store/sqlite.js';
import { tagged } from './exact-json.js';
import { EXPORT_FORMAT, type Sink, type SinkOptions } from './sink.js';

/** 'MILX' in ASCII: SQLite's application_id of an export, at byte 68 of the file. */
export const EXPORT_ID = 0x4d_49_4c_58;

const README = [
  'This is an export of an event log of Millrace (the npm package millrace): plain tables, an event a row.',
  'data and metadata are JSON text; exact has what JSON has no word for, where an event holds any, and is NULL else.',
  'millrace import makes a store of it again. Nothing that is changed here reaches the store it came from.',
];

const SCHEMA = `
CREATE TABLE readme (line INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE types (type TEXT NOT NULL, type_version INTEGER NOT NULL, volatile TEXT NOT NULL, PRIMARY KEY (type, type_version));
CREATE TABLE events (
  position INTEGER PRIMARY KEY,
  type TEXT NOT NULL,
  type_version INTEGER NOT NULL,
  aggregate_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  timestamp TEXT,
  occurred_at NUMERIC NOT NULL,
  event_id TEXT NOT NULL,
  key TEXT NOT NULL,
  caused_by INTEGER,
  correlation_id TEXT NOT NULL,
  causation_id TEXT,
  data TEXT NOT NULL,
  metadata TEXT NOT NULL,
  exact TEXT
);`;

const INDEXES = `
CREATE UNIQUE INDEX events_by_aggregate ON events (aggregate_id, version);
CREATE INDEX events_by_type ON events (type, position);
CREATE INDEX events_by_time ON events (timestamp);
CREATE INDEX events_by_correlation ON events (correlation_id);
`;

/** A plain SQLite database. */
export function sqliteSink({ path, types }: SinkOptions): Sink {
  // Made here, because SQLite would follow a link.
  writeFileSync(path, '', { flag: 'wx' });
  const database = openConnection(path, { readonly: false });
  try {
    // Until it is whole nobody knows the file: it needs no journal, and is on the disk at the end.
    database.pragma('journal_mode = OFF');
    database.pragma('synchronous = OFF');
    database.pragma(`application_id = ${EXPORT_ID}`);
    database.pragma(`user_version = ${EXPORT_FORMAT}`);
    database.exec(SCHEMA);
    const insert = database.prepare(`INSERT INTO events VALUES (${Array(15).fill('?').join(', ')})`);
    const readme = database.prepare('INSERT INTO readme (text) VALUES (?)');
    for (const text of README) readme.run(text);
    const type = database.prepare('INSERT INTO types VALUES (?, ?, ?)');
    for (const { name, version, volatile } of types) type.run(name, version, JSON.stringify(volatile));
    return sinkInto(database, (record) => insert.run(...eventCells(record), exactOf(record)));
  } catch (error) {
    database.close();
    throw error;
  }
}

function sinkInto(database: Sqlite, insert: (record: EventRecord) => void): Sink {
  return {
    async write(records) {
      inTransaction(database, () => {
        for (const record of records) insert(record);
      });
    },
    async finish() {
      database.exec(INDEXES);
      database.exec('PRAGMA optimize');
      database.close();
      const file = openSync(database.name, 'r');
      try {
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
    },
    async abandon() {
      database.close();
    },
  };
}

/** Payload and metadata with tags, where JSON alone would lose something of them. */
function exactOf({ data, metadata }: EventRecord): string | null {
  if (isJson(data) && isJson(metadata)) return null;
  return JSON.stringify({ data: tagged(data), metadata: tagged(metadata) });
}
