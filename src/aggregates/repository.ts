import { optionNames, takeOptions } from '../events/known-options.js';
import type { AppendOptions, Engine, Receipt, Until } from '../index.js';
import {
  HandlerError,
  InvalidDefinitionError,
  InvalidOptionError,
  KeyParkedError,
} from '../kernel/errors.js';
import { field, shown } from '../kernel/thrown.js';
import { type TellsWhenTaken, WHEN_TAKEN } from '../kernel/when-taken.js';
import { AggregateRoot, PENDING, REPLAY, SAVED } from './aggregate-root.js';
import { checkAggregateId, checkEngine, checkUntil } from './given.js';
import { type Hold, inTurn, turnsOf } from './turns.js';

/** Options of `save`. */
export interface SaveOptions {
  /** How far the events must have come before it resolves. Default `durable`. */
  readonly until?: Until;
  readonly signal?: AbortSignal;
}

/** Loads and saves aggregates of one class. */
export interface Repository<Root extends AggregateRoot> {
  /**
   * The aggregate as its durable events say; undefined when it has none.
   *
   * @throws InvalidNameError; InvalidDefinitionError when its constructor does not do as `repository` asks, or `apply` is
   * async; as `engine.read`; what `apply` throws.
   */
  load(id: string, options?: { readonly signal?: AbortSignal }): Promise<Root | undefined>;
  /**
   * Appends what the aggregate has raised at the version that it was loaded from; calls for one aggregate take turns.
   * Resolves with the place of the last event, undefined when nothing was raised. When it rejects, the events are still
   * raised, unless it is HandlerError or KeyParkedError, with `until: 'handled'`: they are in the log then.
   *
   * @throws ConcurrencyError when somebody else was first: load it again; and as `engine.append`.
   */
  save(root: Root, options?: SaveOptions): Promise<Receipt | undefined>;
}

const SAVE = optionNames<SaveOptions>('save', { until: true, signal: true });
const LOAD = optionNames<{ readonly signal?: AbortSignal }>('load', { signal: true });

/**
 * @param Root the class; its constructor takes the id alone, and raises nothing.
 * @throws InvalidOptionError, InvalidDefinitionError
 */
export function repository<Root extends AggregateRoot>(
  engine: Engine,
  Root: new (id: string) => Root,
): Repository<Root> {
  checkEngine('repository', engine);
  if (!(field(Root, 'prototype') instanceof AggregateRoot)) {
    throw new InvalidDefinitionError(
      `repository: the class is ${shown(Root)}; pass a class that extends AggregateRoot.`,
    );
  }
  return {
    async load(id, options = {}) {
      const { signal } = takeOptions(options, LOAD);
      checkAggregateId('load', id);
      let root: Root | undefined;
      for await (const event of engine.read({ aggregateId: id, ...(signal && { signal }) })) {
        root ??= made(Root, id);
        root[REPLAY](event);
      }
      return root;
    },

    async save(root, options = {}) {
      const given = takeOptions(options, SAVE);
      checkUntil('save', given.until);
      if (!(root instanceof AggregateRoot)) {
        throw new InvalidOptionError(`save: what is to be saved is ${shown(root)} and no aggregate.`);
      }
      given.signal?.throwIfAborted();
      return await inTurn(turnsOf(root), root.id, given.signal, (hold) =>
        appendRaised(engine, root, given, hold),
      );
    },
  };
}

function made<Root extends AggregateRoot>(Root: new (id: string) => Root, id: string): Root {
  const root = new Root(id);
  if (root.id === id && root[PENDING].length === 0) return root;
  throw new InvalidDefinitionError(
    `${Root.name}: its constructor must pass the id on as it is, and raise nothing: it is called for each 'load'. Raise the first event in a factory method.`,
  );
}

async function appendRaised(
  engine: Engine,
  root: AggregateRoot,
  given: SaveOptions,
  hold: Hold,
): Promise<Receipt | undefined> {
  const events = new Set(root[PENDING]);
  if (events.size === 0) return undefined;
  const { version } = root;
  let isSaved = false;
  const saved = () => {
    if (!isSaved) root[SAVED](events, version + events.size);
    isSaved = true;
  };
  const options: AppendOptions & TellsWhenTaken = {
    ...given,
    expectedVersion: version,
    // A handler may save the same one, while its caller waits for the handler.
    ...(given.until === 'handled' && {
      [WHEN_TAKEN]: (durable) => hold(durable.then((isDurable) => isDurable && saved())),
    }),
  };
  try {
    const receipt = await engine.append(root.id, [...events], options);
    saved();
    return receipt;
  } catch (error) {
    // They are in the log, and a handler has failed on them.
    if (error instanceof HandlerError || error instanceof KeyParkedError) saved();
    throw error;
  }
}
