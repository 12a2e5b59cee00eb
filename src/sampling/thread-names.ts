/** Gives each thread of one profile or snapshot a name that no other has: they are names of files. */
export class ThreadNames {
  /** Without regard to case, as some disks keep names. */
  readonly #taken = new Set<string>();

  /** The second thread of a name is `lane-0-2`, unless that is the name of another one. */
  of(name: string): string {
    let own = name;
    for (let count = 2; this.#taken.has(own.toLowerCase()); count++) own = `${name}-${count}`;
    this.#taken.add(own.toLowerCase());
    return own;
  }
}
