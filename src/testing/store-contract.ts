import { knownOptions, optionNames } from '../events/known-options.js';
import { checkFunction } from '../kernel/check.js';
import { commandChecks } from './contract/command-checks.js';
import { consumerChecks } from './contract/consumer-checks.js';
import { deadLetterChecks } from './contract/dead-letter-checks.js';
import { engineChecks } from './contract/engine-checks.js';
import { keptChecks } from './contract/kept-checks.js';
import { logChecks } from './contract/log-checks.js';
import { reopenChecks } from './contract/reopen-checks.js';
import { stateChecks } from './contract/state-checks.js';
import { timerChecks } from './contract/timer-checks.js';
import { togetherChecks } from './contract/together-checks.js';
import type { MakeStore, StoreCheck, StoreContractOptions } from './contract/trial.js';

export type { MakeStore, StoreCheck, StoreContractOptions } from './contract/trial.js';

const CONTRACT = optionNames<StoreContractOptions>('storeContract', { reopen: 'function' });

/**
 * Everything that an engine relies on in a store, as checks for any test runner:
 * `for (const { name, run } of storeContract(make)) test(name, run)`.
 *
 * @param make makes a new, empty store; each check asks for one of its own, opens it and closes it.
 * @throws InvalidOptionError
 */
export function storeContract(make: MakeStore, options: StoreContractOptions = {}): readonly StoreCheck[] {
  const { reopen } = knownOptions(options, CONTRACT);
  checkFunction('storeContract', 'make', make);
  return [
    ...logChecks(make),
    ...deadLetterChecks(make),
    ...consumerChecks(make),
    ...stateChecks(make),
    ...timerChecks(make),
    ...togetherChecks(make, options),
    ...commandChecks(make),
    ...(reopen ? reopenChecks(make, reopen) : []),
    ...engineChecks(make, options),
    ...keptChecks(make, options),
  ];
}
