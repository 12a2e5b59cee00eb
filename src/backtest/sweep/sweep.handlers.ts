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
  // Without a store the events are counted and fingerprinted, and go nowhere: nobody could read them.
  const emit = (event: NewEvent) => {
    if (shared.isStored) context.emit(event);
    chain.add(event);
  };
  try {
    const simulated = runSimulation(plan, { level, emit, keep: false, budgetMs: shared.runBudgetMs });
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    const statistics = statisticsOf(plan, simulated);
    context.emit(completedEvent(plan, simulated, statistics, seconds, level, chain.soFar));
  } catch (error) {
    if (!(error instanceof StrategyMistakeError)) throw error;
    context.emit(failedEvent(data, error, market.candles.end, '', chain.soFar));
  }
}
