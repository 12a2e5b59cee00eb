import { attempt, field } from './thrown.js';

/** Where an error keeps the codes of its class and of those above it, in every copy of the package. */
export const CODES = Symbol.for('millrace.error.codes');

/** An error class, as far as its identity is concerned. */
interface Coded {
  readonly code: string;
}

/** The `instanceof` of an error class: whether the value bears the class's code or a subclass's. */
export function hasCode(this: Coded, value: unknown): boolean {
  const codes = field(value, CODES);
  return codes !== undefined && attempt(() => Array.isArray(codes) && codes.includes(this.code)) === true;
}

/** The codes of an error class and of those above it. */
export function codesOf(own: Coded): readonly string[] {
  const codes: string[] = [];
  let current: Coded | null = own;
  while (current && typeof current.code === 'string') {
    codes.push(current.code);
    current = Object.getPrototypeOf(current) as Coded | null;
  }
  return codes;
}
