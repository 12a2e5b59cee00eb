import type { StoredType } from '../events/registry.js';
import type { HandlerEntry } from './handlers.js';
import { lateModules } from './late.js';
import type { HandledType } from './protocol.js';
import type { StateType } from './states/define-state.js';

/** The handlers of one stored type, and how its payloads become current. */
export interface TypeHandlers {
  readonly stored: StoredType;
  readonly entries: readonly HandlerEntry[];
  readonly usesStates: boolean;
}

/**
 * How a type's handlers answer for it: the most patient one wins.
 *
 * @param states all states of the lane, in the order of their indexes.
 */
export function handledType({ stored, entries }: TypeHandlers, states: readonly StateType[]): HandledType {
  const strict = entries.find((entry) => entry.onFailure !== 'skip') ?? (entries[0] as HandlerEntry);
  const timeouts = entries.flatMap((entry) => entry.timeoutMs ?? []);
  return {
    type: stored.name,
    modules: [...new Set(entries.map((entry) => entry.module))].join(', '),
    retries: Math.max(...entries.map((entry) => entry.retries)),
    retryDelayMs: Math.max(...entries.map((entry) => entry.retryDelayMs)),
    maxRetryDelayMs: Math.max(...entries.map((entry) => entry.maxRetryDelayMs)),
    jitter: Math.max(...entries.map((entry) => entry.jitter)),
    onFailure: strict.onFailure,
    timeoutMs: timeouts.length === 0 ? undefined : Math.min(...timeouts),
    late: lateModules(entries),
    states: states.map(({ name, version }) => ({ name, version })),
    usedStates: [...new Set(entries.flatMap(({ state }) => state?.name ?? []))],
  };
}
