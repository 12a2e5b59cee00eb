import type { HandlerEntry } from './handlers.js';
import type { CalledHandlers, HandledType } from './protocol.js';

/** Modules that ask for old events of a type: from the first position that one of their handlers asks for. */
export function lateModules(entries: readonly HandlerEntry[]): HandledType['late'] {
  const first = new Map<string, number>();
  for (const { module, from } of entries) {
    if (from !== undefined) first.set(module, Math.min(from, first.get(module) ?? from));
  }
  return [...first].map(([module, from]) => ({ module, from }));
}

/** Whether it is one of the handlers that are called. */
export function isOneOf({ module, from }: HandlerEntry, { lanes, late }: CalledHandlers): boolean {
  return from === undefined ? lanes : late.includes(module);
}
