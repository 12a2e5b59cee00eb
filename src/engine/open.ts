import { randomBytes } from 'node:crypto';
import { InvalidOptionError } from '../events/errors.js';
import { EventRegistry } from '../events/registry.js';
import type { LaneExecutor } from '../lanes/executor.js';
import { InlineExecutor } from '../lanes/inline-executor.js';
import type { HandledType } from '../lanes/protocol.js';
import { ThreadExecutor } from '../lanes/thread-executor.js';
import { pagesFrom, partitionKeyOf, storedType } from '../store/decode.js';
import { MemoryStore } from '../store/memory-store.js';
import type { StoreState } from '../store/protocol.js';
import { SqliteStore } from '../store/sqlite-store.js';
import type { Store } from '../store/store.js';
import { type CheckedOptions, checkOptions } from './check-options.js';
import { Engine } from './engine.js';
import { Hub } from './hub.js';
import type { EngineOptions } from './options.js';

/**
 * Opens an engine: checks the options, opens the store, starts the lanes, and puts what was durable but not
 * finished back on its way before anything new.
 *
 * @throws InvalidOptionError, InvalidDefinitionError, the errors of the store (StorePathError,
 * ForeignStoreError, NewerStoreError, StoreLockedError, StoreCorruptError) and of the handler modules
 * (HandlerModuleNotFoundError, HandlerModuleInvalidError, HandlerModuleFailedError). Nothing stays open then.
 */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const checked = checkOptions(options);
  const registry = new EventRegistry(checked.events);
  const store = makeStore(checked);
  const executor = makeExecutor(checked);
  try {
    const state = await store.open(
      registry.types.map(({ definition: { type, version, volatile } }) => ({
        name: type,
        version,
        volatile,
      })),
    );
    checkRun(checked, state);
    for (const type of registry.types) {
      type.id =
        state.types.find(({ name, version }) => name === type.type && version === type.definition.version)
          ?.id ?? 0;
    }
    const handled = await openLanes(executor, checked, state);
    for (const { type } of handled) {
      const registered = registry.find(type);
      if (registered) registered.handled = true;
    }
    const hub = new Hub({ ...checked, registry, store, state, executor });
    for (const rule of handled) hub.failures.setRule(rule.type, rule);
    await recover(hub, store, registry, state.lastPosition);
    return new Engine({ options: checked, registry, store, executor, hub, run: state.run });
  } catch (error) {
    await Promise.allSettled([executor.close(), store.close()]);
    throw error;
  }
}

function makeStore({ store, durability, run, deterministic, seed }: CheckedOptions): Store {
  const prefix = run ?? (deterministic ? seed : randomBytes(6).toString('hex'));
  if (store === undefined) return new MemoryStore(prefix);
  return new SqliteStore(store, durability === 'disk' ? 'FULL' : 'NORMAL', prefix);
}

function makeExecutor({ threads, handlers }: CheckedOptions): LaneExecutor {
  return threads === 0 || handlers.length === 0 ? new InlineExecutor() : new ThreadExecutor(threads);
}

function checkRun(options: CheckedOptions, state: StoreState): void {
  const wanted = options.run ?? (options.deterministic ? options.seed : state.run);
  if (wanted === state.run) return;
  throw new InvalidOptionError(
    `Store ${options.store} belongs to run '${state.run}', not '${wanted}'. Event ids begin with it, so it cannot change: pass the same run (or seed), or another store.`,
  );
}

async function openLanes(
  executor: LaneExecutor,
  options: CheckedOptions,
  state: StoreState,
): Promise<readonly HandledType[]> {
  return executor.open({
    modules: options.handlers,
    types: state.types,
    shapes: state.shapes,
    run: state.run,
    seed: options.seed,
    deterministic: options.deterministic,
    validate: options.validate === 'publish',
    concurrency: options.concurrency,
    shared: options.shared,
  });
}

/** Puts unfinished events of the log back on their way; waits for room like any publisher. */
async function recover(hub: Hub, store: Store, registry: EventRegistry, last: number): Promise<void> {
  const { reader } = store;
  for (const page of pagesFrom(reader, hub.mark + 1)) {
    for (const raw of page) {
      // What handlers emit meanwhile is on its way already.
      if (raw.position > last) break;
      if (hub.isFinished(raw.position)) continue;
      const type = registry.find(storedType(reader, raw).name);
      if (!type?.handled) {
        hub.pass(raw.position);
        continue;
      }
      const facts = {
        type,
        aggregateId: reader.nameOf(raw.aggregate),
        partitionKey: partitionKeyOf(reader, raw),
        occurredAt: raw.occurredAt,
        causation: raw.causation,
      };
      if (hub.admission.isOpen) {
        hub.restore(facts, raw);
        continue;
      }
      // Room comes from the lanes, and they have seen nothing of this page yet.
      hub.pump();
      await hub.admission.enter(() => hub.restore(facts, raw), undefined);
    }
    hub.pump();
  }
  hub.commits.schedule();
}
