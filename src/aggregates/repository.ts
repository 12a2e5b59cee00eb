import { knownOptions, optionNames } from '../events/known-options.js';
import type { Engine, Receipt, Until } from '../index.js';
import { type AggregateRoot, PENDING, REPLAY, SAVED } from './aggregate-root.js';

/** Options of `save`. */
export interface SaveOptions {
  /** How far the events must have come before it resolves. Default `durable`. */
  readonly until?: Until;
  readonly signal?: AbortSignal;
}

/** Loads and saves aggregates of one class. */
export interface Repository<Root extends AggregateRoot> {
  /** The aggregate as its durable events say; undefined when it has none. @throws as `engine.read`; what `apply` throws. */
  load(id: string, options?: { readonly signal?: AbortSignal }): Promise<Root | undefined>;
  /**
   * Appends what the aggregate has raised at the version that it was loaded from. Resolves with the place of the last event,
   * undefined when nothing was raised. When it rejects, the events are still raised.
   *
   * @throws ConcurrencyError when somebody else was first: load it again; and as `engine.append`.
   */
  save(root: Root, options?: SaveOptions): Promise<Receipt | undefined>;
}

const SAVE = optionNames<SaveOptions>('save', { until: true, signal: true });
const LOAD = optionNames<{ readonly signal?: AbortSignal }>('load', { signal: true });

/** @param Root the class; its constructor takes the id alone and raises nothing. */
export function repository<Root extends AggregateRoot>(
  engine: Engine,
  Root: new (id: string) => Root,
): Repository<Root> {
  return {
    async load(id, options = {}) {
      const { signal } = knownOptions(options, LOAD);
      let root: Root | undefined;
      for await (const event of engine.read({ aggregateId: id, ...(signal && { signal }) })) {
        root ??= new Root(id);
        root[REPLAY](event);
      }
      return root;
    },

    async save(root, options = {}) {
      knownOptions(options, SAVE);
      const events = [...root[PENDING]];
      if (events.length === 0) return undefined;
      const receipt = await engine.append(root.id, events, { ...options, expectedVersion: root.version });
      root[SAVED](events.length, receipt.version);
      return receipt;
    },
  };
}
