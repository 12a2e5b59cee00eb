import type { RunPlan, SeveralMarkets } from './plan.js';
import { type RunSink, type Simulated, simulate } from './simulate.js';
import { simulateMarkets } from './simulate-markets.js';

/** Walks the candles of one market, or of several. @throws as `simulate`. */
export function runSimulation(plan: RunPlan, sink: RunSink): Simulated {
  const { market } = plan;
  return market.parts === undefined
    ? simulate({ ...plan, market }, sink)
    : simulateMarkets({ ...plan, market } satisfies RunPlan<SeveralMarkets>, sink);
}
