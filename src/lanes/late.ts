import type { HandlerEntry } from './handlers.js';
import type { CalledHandlers, HandledType } from './protocol.js';
import type { StateType } from './states/define-state.js';

/** Modules that ask for old events of a type: from the first position that one of their handlers asks for. */
export function lateModules(entries: readonly HandlerEntry[]): HandledType['late'] {
  const first = new Map<string, number>();
  for (const { module, from } of entries) {
    if (from !== undefined) first.set(module, Math.min(from, first.get(module) ?? from));
  }
  return [...first].map(([module, from]) => ({ module, from, states: statesOf(entries, module) }));
}

function statesOf(entries: readonly HandlerEntry[], module: string): readonly string[] {
  const own = entries.filter((entry) => entry.module === module && entry.from !== undefined);
  return [...new Set(own.flatMap(({ state }) => state?.name ?? []))];
}

/** Whether it is one of the handlers that are called. */
export function isOneOf({ module, from }: HandlerEntry, { lanes, late }: CalledHandlers): boolean {
  return from === undefined ? lanes : late.includes(module);
}

/**
 * The name under which the handlers with a state get old events, when the log has the state in an older version: as a
 * module of that name would which asked for them.
 */
export function rebuildName({ name, version }: Pick<StateType, 'name' | 'version'>): string {
  return `state:${name}:${version}`;
}

/** The handlers that alone are called; those that only have their state built anew are marked so. */
export function calledOf(entries: readonly HandlerEntry[], called: CalledHandlers): HandlerEntry[] {
  return entries.flatMap((entry) => {
    if (isOneOf(entry, called)) return [entry];
    const { state } = entry;
    return state && called.late.includes(rebuildName(state)) ? [{ ...entry, isRebuilding: true }] : [];
  });
}
