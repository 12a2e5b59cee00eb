/** A lane that has the states of keys, from its opening to its end: another thread in its place has none of them. */
export interface StateHolder {
  readonly state: 'opening' | 'open' | 'ended';
  /** It need not keep the states of a key any more; nothing of the key is in flight there. */
  forgetStates(key: number): void;
}

/** What the main thread knows of one key's states, by their indexes. */
export class KeyStates {
  /** As they were after the last event that was answered, a character for each byte. */
  readonly bytes: (string | undefined)[];
  /** The events that made them so. */
  readonly positions: number[];
  /** Who has them as they are here. */
  holder: StateHolder | undefined;
  /** A bit for each of those that no commit has been given yet. */
  changed = 0;
  /** Number of the last commit that was given any. */
  commit = 0;
  /** An event of the key was sent since somebody looked whether it is cold. */
  isUsed = true;
  /** Memory that they are reckoned to take. */
  weight = 0;

  /** @param count states that each key may have. */
  constructor(count: number) {
    // Room for so many and no more: a list that grows has room for seventeen at once, and there is one for each key.
    this.bytes = new Array(count);
    this.positions = new Array(count);
  }
}
