import { HandlerModuleInvalidError, StateVersionError } from '../../kernel/errors.js';
import type { LoadedAggregate } from '../../lanes/aggregates/protocol.js';
import type { HandledType } from '../../lanes/protocol.js';

/** What the first lane has loaded. Lanes are told of states and aggregates by their order, so all must have the same. */
export class LaneContents {
  /** In the order in which all lanes have them. */
  aggregates: readonly LoadedAggregate[] = [];
  #first: { readonly states: string; readonly aggregates: string } | undefined;

  /** @throws StateVersionError, HandlerModuleInvalidError when another lane has loaded something else. */
  check(handled: readonly HandledType[], loaded: readonly LoadedAggregate[]): void {
    const states = JSON.stringify(handled[0]?.states ?? []);
    const aggregates = JSON.stringify(loaded);
    if (!this.#first) {
      this.#first = { states, aggregates };
      this.aggregates = loaded;
    }
    if (this.#first.states !== states) {
      throw new StateVersionError(
        'The states of the handlers are not those that the engine was opened with: their modules have changed since. Close the engine and open it again.',
      );
    }
    if (this.#first.aggregates === aggregates) return;
    throw new HandlerModuleInvalidError(
      'The aggregates are not those that the engine was opened with: their modules have changed since. Close the engine and open it again.',
    );
  }
}
