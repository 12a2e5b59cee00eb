/** A lane that has the states of keys, from its opening to its end: another thread in its place has none of them. */
export interface StateHolder {
  readonly state: 'opening' | 'open' | 'ended';
  /** It need not keep the states of a key any more; nothing of the key is in flight there. */
  forgetStates(key: number): void;
}

/** What the main thread knows of one key's states, by their indexes. */
export class KeyStates {
  /** As they were after the last event that was answered, a character for each byte. */
  readonly bytes: (string | undefined)[] = [];
  /** The events that made them so. */
  readonly positions: number[] = [];
  /** Who has them as they are here. */
  holder: StateHolder | undefined;
  /** Indexes of those that no commit has been given yet. */
  readonly changed: number[] = [];
  /** Number of the last commit that was given any. */
  commit = 0;
  /** They were sent since somebody looked whether they are cold. */
  isUsed = true;
  /** Memory that they are reckoned to take. */
  weight = 0;
}
