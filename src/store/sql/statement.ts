import { types } from 'node:util';
import { InvalidOptionError, SqlError, SqlReadOnlyError } from '../../kernel/errors.js';
import { shown } from '../../kernel/thrown.js';
import { EVENT_COLUMNS } from './event-columns.js';
import { TABLES, tableForm } from './tables.js';

/** A value for a `?`, or for a `:name`, of a statement. */
export type SqlValue = string | number | bigint | null | Uint8Array;

/** Values for the `?` of a statement in their order, or for its `:name` by their names. */
export type SqlValues = readonly SqlValue[] | Readonly<Record<string, SqlValue>>;

const READS = ['SELECT', 'VALUES', 'WITH'];
const OTHERS =
  /^(ALTER|ANALYZE|ATTACH|BEGIN|COMMIT|CREATE|DELETE|DETACH|DROP|END|INSERT|PRAGMA|REINDEX|RELEASE|REPLACE|ROLLBACK|SAVEPOINT|UPDATE|VACUUM)$/;

/** White space and comments, as SQLite passes over them. */
const PASSED = /^(?:[\s;]|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))+/;

/**
 * Looks at how a statement begins, before SQLite sees it: some PRAGMAs do their work while they are compiled. What this
 * lets through is compiled against a connection that has nothing but the tables of the log, and must be a query.
 *
 * @throws SqlReadOnlyError; InvalidOptionError when it is no text.
 */
export function checkStatement(statement: unknown): asserts statement is string {
  if (typeof statement !== 'string') {
    throw new InvalidOptionError(`sql: the statement is ${shown(statement)}; it must be a text.`);
  }
  // SQLite would end at the first, and read another character in the place of the second.
  if (statement.includes('\0')) throw new InvalidOptionError('sql: the statement has a NUL character in it.');
  if (!statement.isWellFormed()) {
    throw new InvalidOptionError('sql: the statement has half a character in it (a lone surrogate).');
  }
  const [first, rest] = wordOf(statement);
  if (OTHERS.test(first)) throw readOnly(first);
  if (first !== 'EXPLAIN') return;
  const [second, more] = wordOf(rest);
  const explained = second === 'QUERY' ? wordOf(wordOf(more)[1])[0] : second;
  if (!READS.includes(explained)) throw readOnly(`EXPLAIN ${explained}`);
}

function wordOf(text: string): readonly [word: string, rest: string] {
  const begin = text.replace(PASSED, '');
  const word = /^[a-z_]*/i.exec(begin)?.[0] ?? '';
  return [word.toUpperCase(), begin.slice(word.length)];
}

/** The rule of every statement. */
export function readOnly(what: string, cause?: unknown): SqlReadOnlyError {
  return new SqlReadOnlyError(
    `'${what}' is refused: a statement over a log may only read it. Begin it with SELECT, VALUES, WITH or EXPLAIN.`,
    cause === undefined ? {} : { cause },
  );
}

/**
 * Values as SQLite takes them: a whole number is an integer there.
 *
 * @throws InvalidOptionError
 */
export function bindable(parameters: unknown): readonly unknown[] {
  if (Array.isArray(parameters)) return parameters.map((value, index) => bound(value, `[${index}]`));
  if (typeof parameters !== 'object' || parameters === null || ArrayBuffer.isView(parameters)) {
    throw new InvalidOptionError(
      `sql: the parameters are ${shown(parameters)}; pass an array for each ? of the statement, or an object for its :names.`,
    );
  }
  const named = Object.entries(parameters).map(([name, value]) => [name, bound(value, `.${name}`)]);
  return [Object.fromEntries(named)];
}

function bound(value: unknown, place: string): unknown {
  if (value === null || isWholeText(value) || isInteger(value)) return value;
  if (typeof value === 'number' && !Number.isNaN(value)) {
    return Number.isSafeInteger(value) && !Object.is(value, -0) ? BigInt(value) : value;
  }
  if (types.isUint8Array(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  throw new InvalidOptionError(
    `sql: parameters${place} is ${shown(value)}; SQLite takes texts without half characters, numbers, bigints of 64 bits, bytes and null.`,
  );
}

/** UTF-8 cannot hold half a character: what was asked for would be another text. */
function isWholeText(value: unknown): boolean {
  return typeof value === 'string' && value.isWellFormed();
}

function isInteger(value: unknown): boolean {
  return typeof value === 'bigint' && BigInt.asIntN(64, value) === value;
}

/** A coded error for whatever SQLite says of a statement; errors that are coded already stay. */
export function toSqlError(error: unknown): unknown {
  if (!(error instanceof Error) || !isDriverError(error)) return error;
  const { message } = error;
  const code = (error as { readonly code?: string }).code;
  if (/may not be modified|not authorized/.test(message)) return readOnly(message, error);
  return new SqlError(`SQLite: ${message}.${adviceFor(message)}`, {
    cause: error,
    details: code === undefined ? {} : { sqlite: code },
  });
}

/** What better-sqlite3 throws: SQLite's own errors, and what it says of texts and their parameters by itself. */
function isDriverError(error: Error): boolean {
  const isOwn = error instanceof RangeError || error instanceof TypeError;
  return error.name === 'SqliteError' || (isOwn && /SQL string|parameter/.test(error.message));
}

function adviceFor(message: string): string {
  if (/no such (table|function)/.test(message)) {
    return ` The tables are ${TABLES.map(tableForm).join(', ')}.`;
  }
  if (message.includes('no such column')) {
    return ` The columns of events are ${EVENT_COLUMNS.join(', ')}; a field of a payload is data ->> '$.field', and texts stand in single quotes.`;
  }
  if (message.includes('parameter')) {
    return ' Values of a list are for each ? in its order; one that is used twice is a :name, and the values an object then.';
  }
  if (message.includes('more than one statement')) return ' Pass one statement at a time.';
  return '';
}
