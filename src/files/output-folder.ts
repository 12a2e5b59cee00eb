import { randomUUID } from 'node:crypto';
import {
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  rmdirSync,
  rmSync,
  type Stats,
} from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { OutputError } from '../kernel/errors.js';
import { makeFolder } from './make-folder.js';

export interface OutputOptions {
  /** Whether files of others may be replaced, and the folder may be reached through a link. Default false. */
  readonly force?: boolean;
  /** What to do when a file of others is there. Default: that of a folder that the user may have written by force. */
  readonly advice?: string;
  /** Whether a file that is there is an earlier one of ours, which may be replaced. Default: none is. */
  readonly isOurs?: (name: string) => boolean;
}

/**
 * A folder that files are written into for the user: profiles, reports, heap snapshots.
 *
 * Each file is written under a name of its own beside its place and then renamed, so that nobody ever sees half a file
 * and a link that stands in its place is replaced, not followed. What was there before and is not ours stays: that is an
 * error, unless `force` is set.
 */
export class OutputFolder {
  readonly path: string;
  readonly #force: boolean;
  readonly #advice: string;
  readonly #mayForce: boolean;
  readonly #isOurs: (name: string) => boolean;
  /** The outermost folder that had to be made. */
  #made: string | undefined;
  readonly #written = new Set<string>();

  /**
   * Makes the folder if need be, and finds out before any work is done whether files can be made in it.
   *
   * @throws OutputError when it is no folder, a link, or cannot be written.
   */
  static open(path: string, options: OutputOptions = {}): OutputFolder {
    const folder = new OutputFolder(resolve(path), options);
    folder.#make();
    try {
      const trial = folder.stage();
      closeSync(openSync(trial, EXCLUSIVE));
      rmSync(trial);
    } catch (error) {
      throw cannotWrite(folder.path, error);
    }
    return folder;
  }

  private constructor(path: string, { force = false, advice, isOurs = () => false }: OutputOptions) {
    this.path = path;
    this.#advice = advice ?? 'Name another folder, or replace it by force.';
    this.#mayForce = advice === undefined;
    this.#force = force;
    this.#isOurs = isOurs;
  }

  /** @throws OutputError for the first name that is taken, unless by force. Names that this object wrote are free. */
  claim(names: readonly string[]): void {
    for (const name of names) {
      if (this.#written.has(name)) continue;
      const there = statOf(join(this.path, name));
      if (!there) continue;
      if (there.isDirectory()) {
        throw new OutputError(`'${join(this.path, name)}' is a folder. Name another folder to write into.`);
      }
      if (this.#force || (there.isFile() && this.#isOurs(name))) continue;
      throw new OutputError(
        `'${join(this.path, name)}' exists, and Millrace did not write it there. ${this.#advice}`,
      );
    }
  }

  /** A path in the folder that nothing has, to be written and then given to {@link place}. */
  stage(): string {
    return join(this.path, `.millrace-${randomUUID()}.tmp`);
  }

  /** Puts a file that was written under a name from {@link stage} into its place. @throws OutputError */
  async place(staged: string, name: string): Promise<string> {
    const path = join(this.path, name);
    await this.#attempt(async () => {
      this.claim([name]);
      await rename(staged, path);
    }, staged);
    this.#written.add(name);
    return path;
  }

  /** Writes a file whole. @throws OutputError */
  async write(name: string, text: string): Promise<string> {
    const staged = this.stage();
    await this.#attempt(async () => {
      const file = await open(staged, EXCLUSIVE);
      try {
        await file.writeFile(text);
      } finally {
        await file.close();
      }
    }, staged);
    return this.place(staged, name);
  }

  /** Takes back the folders that were made for nothing: those that are empty. */
  removeIfEmpty(): void {
    if (this.#made === undefined) return;
    for (let path = this.path; path.startsWith(this.#made); path = dirname(path)) {
      if (readdirSync(path).length > 0) return;
      rmdirSync(path);
    }
  }

  #make(): void {
    const there = statOf(this.path);
    if (there?.isSymbolicLink() && !this.#force) {
      throw new OutputError(
        `'${this.path}' is a link. Name the folder that it leads to${this.#mayForce ? ', or follow the link by force' : ''}.`,
      );
    }
    try {
      this.#made = makeFolder(this.path);
    } catch (error) {
      throw cannotWrite(this.path, error);
    }
  }

  /** Leaves nothing half-written behind. */
  async #attempt(write: () => Promise<void>, staged: string): Promise<void> {
    try {
      await write();
    } catch (error) {
      await rm(staged, { force: true }).catch(() => {});
      throw error instanceof OutputError ? error : cannotWrite(this.path, error);
    }
  }
}

/** Made, never opened where something is, and never through a link. */
const EXCLUSIVE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw cannotWrite(path, error);
  }
}

function cannotWrite(path: string, error: unknown): OutputError {
  return new OutputError(`'${path}' cannot be written: ${(error as Error).message}. Name another folder.`, {
    cause: error,
  });
}
