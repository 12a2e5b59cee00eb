/**
 * A column of a query that is NULL when its value is longer than any that an engine writes. SQLite knows a value's
 * length without loading it, and a file may hold a gigabyte where a name belongs. Whoever takes NULL for a value
 * must refuse it.
 */
export function measured(column: string, bytes: number): string {
  return `CASE WHEN octet_length(${column}) <= ${bytes} THEN ${column} END`;
}

/** A column of text or bytes, NULL only when it is so, or, when they are longer, the number of its bytes. */
export function pieceOf(column: string, bytes: number): string {
  return `CASE WHEN octet_length(${column}) <= ${bytes} THEN ${column} ELSE octet_length(${column}) END`;
}

/** A column that holds a number, NULL for anything else: a column without STRICT may hold text of any length. */
export function numberOf(column: string): string {
  return `CASE WHEN typeof(${column}) IN ('integer', 'real') THEN ${column} END`;
}
