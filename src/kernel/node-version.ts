import { NodeTooOldError } from './errors.js';

/** The oldest Node.js on which everything works: 22.18 loads TypeScript handler modules as they are. */
export const NODE_NEEDED = '22.18';

/**
 * Called before SQLite is loaded, because better-sqlite3 13 does not refuse an older Node.js: on 20 the process dies
 * of a segmentation fault, without a word of what to do.
 *
 * @param running version of the Node.js that runs, as `process.versions.node`.
 * @throws NodeTooOldError
 */
export function requireNode(running = process.versions.node): void {
  const [major = 0, minor = 0] = running.split('.').map(Number);
  const [neededMajor = 0, neededMinor = 0] = NODE_NEEDED.split('.').map(Number);
  if (major > neededMajor || (major === neededMajor && minor >= neededMinor)) return;
  throw new NodeTooOldError(
    `Millrace needs Node.js ${NODE_NEEDED} or newer, and this is ${running}. Install a newer Node.js, or run this program with 'npx node@26'.`,
    { details: { needed: NODE_NEEDED, running } },
  );
}
