import type { z } from 'zod';
import { attempt } from '../kernel/thrown.js';
import { MAX_SCHEMA_PARTS } from './limits.js';

const known = new WeakMap<object, boolean>();

/**
 * Whether what a schema returns may be given to it again, so that it can check a payload in its stored form. It cannot
 * when a part of it makes one thing of another: `z.string().transform(Number)` refuses its own results.
 */
export function isRecheckable(schema: z.ZodType): boolean {
  const answer = known.get(schema) ?? attempt(() => lacksTransforms(schema)) ?? false;
  known.set(schema, answer);
  return answer;
}

/** Looks through a schema's definition. One that is not Zod's own says nothing about itself. */
function lacksTransforms(schema: unknown): boolean {
  const seen = new Set<unknown>([schema]);
  for (const part of seen) {
    const definition = definitionOf(part);
    if (definition === undefined) {
      if (part === schema) return false;
    } else if (['transform', 'pipe', 'promise', 'function'].includes(String(definition.type))) return false;
    for (const inner of innerOf(definition ?? (part as object))) seen.add(inner);
    if (seen.size > MAX_SCHEMA_PARTS) return false;
  }
  return true;
}

function definitionOf(part: unknown): Record<string, unknown> | undefined {
  const inside = (part as { readonly _zod?: { readonly def?: unknown } })._zod;
  return typeof inside?.def === 'object' ? (inside.def as Record<string, unknown>) : undefined;
}

/** Objects in a definition: schemas, lists of them, shapes; and what a lazy schema gives when it is asked. */
function innerOf(definition: object): unknown[] {
  const { getter, ...rest } = definition as Record<string, unknown>;
  const lazy = typeof getter === 'function' ? [getter()] : [];
  return [...Object.values(rest), ...lazy].filter((value) => typeof value === 'object' && value !== null);
}
