import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { OutputError } from '../kernel/errors.js';

/** A file and what it is to the user: `--out`, `the store`. Without a path it is not there, and no matter. */
export type NamedFile = readonly [name: string, path: string | undefined];

/** What SQLite and the lock of an engine have beside a store. */
const COMPANIONS = ['-wal', '-shm', '-journal', '-lock', '-lock-wal', '-lock-shm', '-lock-journal'];

/**
 * Refuses to write over what is read, by force or not: an output that is an input, by whatever path or link, or belongs to
 * one that is a store; and two outputs that are the same.
 *
 * @throws OutputError that names both.
 */
export function refuseInputs(outputs: readonly NamedFile[], inputs: readonly NamedFile[]): void {
  const others = inputs.flatMap(filesOf);
  for (const [name, path] of outputs) {
    if (path === undefined || path === '') continue;
    const own = new Set(identitiesOf(path));
    const taken = others.find(({ identities }) => identities.some((identity) => own.has(identity)));
    if (taken !== undefined) {
      const what = taken.isCompanion ? `belongs to ${taken.name}` : `is ${taken.name}`;
      throw new OutputError(`${name} is '${path}', which ${what}: it would be lost. Name another file.`);
    }
    others.push(...filesOf([`${name} as well`, path]));
  }
}

interface KnownFile {
  readonly name: string;
  readonly isCompanion: boolean;
  readonly identities: readonly string[];
}

function filesOf([name, path]: NamedFile): KnownFile[] {
  if (path === undefined || path === '') return [];
  const real = realPathOf(path);
  return [
    { name, isCompanion: false, identities: identitiesOf(path) },
    ...COMPANIONS.map((end) => ({ name, isCompanion: true, identities: identitiesOf(`${real}${end}`) })),
  ];
}

/** A file is the same by its real path, which it has before it is there, and by its inode, which hard links share. */
function identitiesOf(path: string): string[] {
  const there = found(() => statSync(path));
  return [realPathOf(path), ...(there?.isFile() ? [`${there.dev}:${there.ino}`] : [])];
}

/** The path without links, as far as it is there. */
function realPathOf(path: string): string {
  const whole = resolve(path);
  const real = found(() => realpathSync(whole));
  if (real !== undefined) return real;
  const folder = dirname(whole);
  return folder === whole ? whole : join(realPathOf(folder), basename(whole));
}

/** Undefined for what is not there, or cannot be looked at: who reads or writes it says that, and why. */
function found<Value>(look: () => Value): Value | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
