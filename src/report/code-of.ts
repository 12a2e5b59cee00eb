import { OWN_ROOT } from '../events/own-files.js';
import { HANDLER_SCHEME } from '../sampling/session.js';
import type { CallFrame } from './call-tree.js';
import type { Room } from './summary.js';

/** V8's own names for what is no function. */
const NOT_A_FUNCTION: Readonly<Record<string, Room>> = {
  '(garbage collector)': 'gc',
  '(idle)': 'idle',
};

/** Native methods of better-sqlite3. Their frames have no URL, so the caller has to tell them from others. */
const SQLITE_METHODS = new Set([
  'run',
  'get',
  'all',
  'iterate',
  'exec',
  'prepare',
  'close',
  'Statement',
  'Database',
  'backup',
]);

/** Files that work with SQLite: those of the store, and those of threads that the build makes of them. */
const OF_STORE = /^(src\/store\/|workers\/(writer|checkpoint|lane-history)\.js)/;

/** Rooms of this package that use its public face as a user would. */
const USERS_OF_THE_FACE = /^src\/(trading|backtest)\//;

/**
 * Whose code a frame is. A frame without a URL is native or generated code: it counts as its caller's.
 *
 * @param caller the caller's frame and room; undefined for the root.
 */
export function codeOf(frame: CallFrame, caller: { frame: CallFrame; code: Room } | undefined): Room {
  const { functionName, url } = frame;
  if (url === '') return withoutUrl(functionName, caller);
  if (url.startsWith(HANDLER_SCHEME)) return 'handler';
  if (url.startsWith('node:')) return 'node';
  return byPackage(url, caller?.code);
}

function withoutUrl(name: string, caller: { frame: CallFrame; code: Room } | undefined): Room {
  if (name.startsWith('(')) return NOT_A_FUNCTION[name] ?? 'program';
  if (!caller) return 'program';
  if (caller.code === 'engine' && SQLITE_METHODS.has(name) && OF_STORE.test(ownPath(caller.frame.url) ?? ''))
    return 'sqlite';
  if (caller.code === 'handler') return 'user';
  return caller.code === 'program' ? 'node' : caller.code;
}

/** Packages that the engine works with. Where the user's own code calls its own copy, or the same, it is the user's. */
const ROOM_OF_PACKAGE: Readonly<Record<string, Room>> = {
  zod: 'validation',
  msgpackr: 'msgpackr',
  'better-sqlite3': 'sqlite',
  piscina: 'engine',
};

function byPackage(url: string, caller: Room | undefined): Room {
  const own = ownPath(url);
  if (own !== undefined && !own.startsWith('node_modules/')) {
    return USERS_OF_THE_FACE.test(own) ? 'user' : 'engine';
  }
  const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? [];
  if (caller === 'user' || caller === 'handler') return 'user';
  return (name !== undefined && Object.hasOwn(ROOM_OF_PACKAGE, name) && ROOM_OF_PACKAGE[name]) || 'user';
}

/** The path of a file of this package below its `dist`, also when the profile is of another installation. */
function ownPath(url: string): string | undefined {
  if (OWN_ROOT !== undefined && url.startsWith(OWN_ROOT)) return url.slice(OWN_ROOT.length);
  return /\/node_modules\/millrace\/dist\/((?:src|workers)\/.*)/.exec(url)?.[1];
}
