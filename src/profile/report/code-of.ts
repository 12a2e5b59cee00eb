import { HANDLER_SCHEME } from '../session.js';
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

/** Where this package's compiled files lie. */
const OWN_ROOT = new URL('../../../', import.meta.url).href;

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
  return byPackage(url);
}

function withoutUrl(name: string, caller: { frame: CallFrame; code: Room } | undefined): Room {
  if (name.startsWith('(')) return NOT_A_FUNCTION[name] ?? 'program';
  if (!caller) return 'program';
  if (
    caller.code === 'engine' &&
    SQLITE_METHODS.has(name) &&
    ownPath(caller.frame.url)?.startsWith('src/store/')
  )
    return 'sqlite';
  if (caller.code === 'handler') return 'user';
  return caller.code === 'program' ? 'node' : caller.code;
}

const ENCODER = /^src\/events\/(encoder|plain-data|shape-index)\.js$/;

function byPackage(url: string): Room {
  const own = ownPath(url);
  if (own !== undefined && !own.startsWith('node_modules/')) {
    // The half of MessagePack that is ours.
    if (ENCODER.test(own)) return 'msgpackr';
    return USERS_OF_THE_FACE.test(own) ? 'user' : 'engine';
  }
  const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? [];
  switch (name) {
    case 'msgpackr':
      return 'msgpackr';
    case 'better-sqlite3':
      return 'sqlite';
    case 'piscina':
      return 'engine';
    default:
      return 'user';
  }
}

/** The path of a file of this package below its `dist`, also when the profile is of another installation. */
function ownPath(url: string): string | undefined {
  if (url.startsWith(OWN_ROOT)) return url.slice(OWN_ROOT.length);
  return /\/node_modules\/millrace\/dist\/((?:src|workers)\/.*)/.exec(url)?.[1];
}
