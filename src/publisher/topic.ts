import { compilePattern } from './pattern.js';

/** What a subscription hears: one event type, all of them, or those whose names match a pattern. */
export interface Topic {
  /** The name of the type, `**` for all, or the pattern. */
  readonly name: string;
  /** The type, where it is one. */
  readonly type: string | undefined;
  /** Whether a type belongs to it. */
  readonly includes: (type: string) => boolean;
}

export const ALL_TYPES: Topic = { name: '**', type: undefined, includes: () => true };

export function topicOfType(type: string): Topic {
  return { name: type, type, includes: (other) => other === type };
}

/** @throws InvalidOptionError */
export function topicOfPattern(pattern: string): Topic {
  return { name: pattern, type: undefined, includes: compilePattern(pattern) };
}
