import type { DomainEvent, Handler, HandlerContext, HandlerModule } from '../index.js';
import { observed } from './observed.js';
import { TestContext, type TestWorld } from './test-context.js';

/** A handler that has begun and not ended. */
export interface RunningHandler {
  /** Name of its module. */
  readonly module: string;
  readonly event: DomainEvent;
  readonly attempt: number;
}

/** Knows which handlers are running, because every call of theirs goes through here. */
export class HandlerWatch {
  readonly #running = new Set<RunningHandler>();
  readonly #world: TestWorld | undefined;

  /** @param world left out: handlers get the context that the engine makes. */
  constructor(world: TestWorld | undefined) {
    this.#world = world;
  }

  get running(): readonly RunningHandler[] {
    return [...this.#running];
  }

  /** The same module, with its handlers watched and in the test's world. */
  watched(module: HandlerModule): HandlerModule {
    const entries = module.entries.map((entry) => {
      const { handle, timeoutMs } = entry;
      const watched: Handler<never, never> = (event, context) =>
        this.#run(module.name, handle, timeoutMs, event, context);
      // In the test's world time is over when the test clock says so, which the context takes care of.
      return { ...entry, handle: watched, timeoutMs: this.#world ? undefined : timeoutMs };
    });
    return { ...module, entries };
  }

  #run(
    module: string,
    handle: Handler<never, never>,
    timeoutMs: number | undefined,
    event: DomainEvent<never, never>,
    context: HandlerContext,
  ): void | Promise<void> {
    const running: RunningHandler = { module, event, attempt: context.attempt };
    const own = this.#world && new TestContext(context, event, module, timeoutMs, this.#world);
    this.#running.add(running);
    return observed(
      () => handle(event, own ?? context),
      () => {
        this.#running.delete(running);
        own?.[Symbol.dispose]();
      },
    );
  }
}
