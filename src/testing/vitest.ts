/**
 * The matchers with their types for Vitest: `expect.extend(millraceMatchers)`. Vitest is named in the types alone;
 * nothing of it is loaded.
 */
import type {} from 'vitest';
import type { MillraceMatchers } from './matchers.js';

export { type MillraceMatchers, millraceMatchers } from './matchers.js';

declare module 'vitest' {
  interface Matchers<T> extends MillraceMatchers<T> {}
}
