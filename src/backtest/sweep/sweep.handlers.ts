import {
  type DataOf,
  type DomainEvent,
  defineHandlers,
  type HandlerContext,
  type NewEvent,
} from '../../faces/define.js';
import { BacktestStarted } from '../../trading/index.js';
import { StrategyMistakeError } from '../broker/strategy-mistake.js';
import { completedEvent, statisticsOf } from '../runs/completed.js';
import { runSimulation } from '../runs/run-simulation.js';
import { loadStrategy } from '../strategies/load.js';
import { EventChain } from './event-chain.js';
import { failedEvent } from './failed.js';
import { strategyOf } from './lane-module.js';
import { planOf } from './settings.js';
import { marketIn, type SharedMarkets } from './shared-markets.js';

/** What a lane is given besides its events. */
export type SweepShared = SharedMarkets & {
  readonly runBudgetMs: number | undefined;
  /** Whether there is a store that the events of the runs go to. */
  readonly isStored: boolean;
};

type StartedEvent = DomainEvent & { readonly data: DataOf<typeof BacktestStarted> };

/** Code, not state; each run has a state of its own. */
const strategy = await loadStrategy(strategyOf(import.meta.url));

/**
 * Runs a backtest where its `backtest.started` is handled. The candles are seen in place, in the one buffer that all
 * threads share; nothing but indicator columns is kept between two runs, so their order cannot matter.
 */
export default defineHandlers('sweep', (on) => {
  on(
    BacktestStarted,
    (event, context) => run(event, context, context.shared as unknown as SweepShared),
    // What kills its thread, or throws what is none of the strategy's doing, is told by who published it.
    { onFailure: 'skip' },
  );
});

function run(started: StartedEvent, context: HandlerContext, shared: SweepShared): void {
  const { data } = started;
  const market = marketIn(shared);
  const { plan, level } = planOf(data, market, strategy);
  // Wall-clock time, on purpose: the field that it ends in is volatile and thus in no fingerprint.
  const start = process.hrtime.bigint();
  const chain = new EventChain(started, BacktestStarted);
  const emit = (event: NewEvent) => {
    // Without a store it is counted and fingerprinted, and goes nowhere: nobody could read it. What a log refuses is refused.
    if (shared.isStored || !hasFiniteNumbers(event)) context.emit(event);
    chain.add(event);
  };
  try {
    const simulated = runSimulation(plan, { level, emit, keep: false, budgetMs: shared.runBudgetMs });
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    const statistics = statisticsOf(plan, simulated);
    context.emit(chain.last(completedEvent(plan, simulated, statistics, seconds, level)));
  } catch (error) {
    if (!(error instanceof StrategyMistakeError)) throw error;
    context.emit(chain.last(failedEvent(data, error, market.candles.end)));
  }
}

/** Whether a log can keep the numbers of an event: sums of absurd prices may have grown out of all numbers. */
function hasFiniteNumbers({ data }: NewEvent): boolean {
  for (const value of Object.values(data as object)) {
    if (typeof value === 'number' && !Number.isFinite(value)) return false;
  }
  return true;
}
