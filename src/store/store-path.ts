import { InvalidOptionError } from '../kernel/errors.js';

/** What is given for a path by mistake, and what to write instead. The first that fits is told. */
const NO_PATHS: readonly (readonly [RegExp, string])[] = [
  [/^$/, 'it is empty'],
  [/^:/, 'SQLite means something else by it. For a log in memory leave the path out'],
  [
    /^(memory|in-?memory|none|null|undefined)$/i,
    "it is a word for no file. For a log in memory leave the path out, for a file of that name write './' before it",
  ],
  [/^file:/i, 'it is a URL. Pass fileURLToPath(url), or the path itself'],
  [/^[a-z][a-z0-9+.-]+:\/\/|^sqlite3?:/i, 'it is a URL. Millrace stores into a file of this machine'],
  [/\?(mode|cache|vfs|immutable|nolock|psow)=/, "it has a URI's parameters, and a path has none"],
  [/[/\\]$/, 'it names a folder. Name a file in it, such as events.db'],
  [/^\s|\s$/, 'it begins or ends with white space'],
  [/\p{Cc}/u, 'it holds a control character'],
  [
    /-(wal|shm|journal|lock|processing)$/,
    "it is the name of a file beside a store. Name the store's own file",
  ],
];

/**
 * The path of a store as it was given. A mistake here would not be noticed: SQLite makes a file of almost any name,
 * and what was meant to be forgotten lies in it at the next start.
 *
 * @param option what was given, as the error names it: `Option store`.
 * @throws InvalidOptionError that says what to write instead.
 */
export function checkStorePath(path: unknown, option: string): string {
  if (typeof path !== 'string') {
    throw new InvalidOptionError(
      `${option} is ${typeName(path)}; it must be the path of a file.${path instanceof URL ? ' Pass fileURLToPath(url).' : ''}`,
    );
  }
  const wrong = NO_PATHS.find(([pattern]) => pattern.test(path))?.[1] ?? malformed(path);
  if (wrong === undefined) return path;
  throw new InvalidOptionError(
    `${option} is ${JSON.stringify(path)}; it must be the path of a file, but ${wrong}.`,
  );
}

/** Two different names with half a character in them would be one file. */
function malformed(path: string): string | undefined {
  return path.isWellFormed() ? undefined : 'it holds half a character';
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  return value instanceof URL ? `the URL ${value.href}` : `of type ${typeof value}`;
}
