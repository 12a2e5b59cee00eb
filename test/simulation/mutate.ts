/** A bug that is put in on purpose: the simulation must find it, or it proves nothing. */
export interface Mutation {
  readonly name: string;
  /** Where it must be found; in a life unless said. */
  readonly part?: 'life' | 'same';
  /** Seed to begin with, of a bug that one in hundreds finds; 1 unless said. */
  readonly from?: number;
  /** Puts the bug in. Returns what takes it out again. */
  readonly apply: () => () => void;
}

/** Replaces a method; the replacement is given the original. */
export function replace<Class extends object, Name extends keyof Class & string>(
  prototype: Class,
  name: Name,
  make: (original: Class[Name]) => Class[Name],
): () => void {
  const original = prototype[name];
  prototype[name] = make(original);
  return () => {
    prototype[name] = original;
  };
}
