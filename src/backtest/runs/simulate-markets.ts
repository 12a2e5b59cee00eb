import type { Birth } from '../broker/book.js';
import type { Broker } from '../broker/broker.js';
import { Desk } from '../broker/desk.js';
import type { Order } from '../broker/order.js';
import type { Cursor } from '../strategies/candle-view.js';
import { guarded } from '../strategies/guard.js';
import { loadedEvent } from './curve.js';
import { RunEvents } from './events.js';
import { BUDGET_CHECK_CANDLES } from './limits.js';
import type { OneMarket, RunPlan, SeveralMarkets } from './plan.js';
import { seededNumbers } from './random.js';
import { Records } from './records.js';
import type { FillRow } from './result.js';
import { RunContext, type Together } from './run-context.js';
import {
  call,
  checkVolume,
  clock,
  curveOf,
  lazily,
  outsideOf,
  overBudget,
  prepare,
  type RunSink,
  refusePromise,
  type Simulated,
  viewsOf,
} from './simulate.js';

type Plan = RunPlan<SeveralMarkets>;

/** A market of a run, with what is known of it. */
interface Place {
  readonly market: OneMarket;
  readonly broker: Broker;
  readonly events: RunEvents;
  /** The last of its candles that the strategy may know. */
  readonly cursor: Cursor;
  readonly position: Float64Array | undefined;
}

/**
 * Walks several markets on one clock, once, from old to new. At each time all markets that have a candle are brought to its
 * close, and then the strategy is asked, once: it sees the closes of that time, and nothing behind them in any market.
 *
 * @throws as `simulate`.
 */
export function simulateMarkets(plan: Plan, sink: RunSink): Simulated {
  const { market, strategy } = plan;
  const { length } = market.candles;
  for (const { candles } of market.parts)
    if (candles.length > 0) checkVolume(candles, plan.settings.volumeShare);
  const emit = sink.emit && outsideOf(sink.emit);
  const run = new MarketsRun(plan, { ...sink, emit });
  const equity = curveOf(length, sink.keep);
  return guarded(() => {
    const { at } = run;
    const prepared = market.parts.map((part) => {
      const began = clock();
      const made = prepare(plan, part.candles);
      if (emit && sink.level !== 'summary' && part.candles.length > 0)
        call(plan, at, () => emit(loadedEvent(plan, part, made.keys, clock() - began)));
      return made;
    });
    const state = call(plan, at, () => strategy.definition.state?.(plan.parameters as never) ?? {});
    run.seat(prepared, state);
    const candlesHeld = call(plan, at, () => run.walk(equity, sink.budgetMs));
    const brokers = run.places.map(({ broker }) => broker) as [Broker, ...Broker[]];
    const position = run.places[0]?.position;
    return {
      brokers,
      rows: run.rows,
      records: run.records,
      equity,
      position,
      positions: position && run.positions(),
      indexAt: (time) => run.indexAt(time),
      candlesHeld,
      indicators: prepared[0]?.keys ?? [],
    };
  });
}

class MarketsRun implements Together {
  /** Where it is on the clock. */
  readonly at: Cursor = { index: -1 };
  readonly rows = { trades: [], fills: [], orders: [], orderMarkets: [] };
  readonly records: Records;
  readonly places: readonly Place[];
  readonly names: readonly string[];
  readonly #plan: Plan;
  readonly #time: Float64Array;
  readonly #desk: Desk;
  #contexts: readonly RunContext[] = [];
  #warmUp = 0;
  /** The fill that is being told of, and its market. */
  #filling: { readonly broker: Broker; readonly fill: FillRow } | undefined;

  constructor(plan: Plan, sink: RunSink) {
    const { market, settings } = plan;
    this.#plan = plan;
    this.#time = market.candles.time;
    this.names = market.candles.names;
    this.records = new Records(market.candles.length, sink.keep);
    const ids = { backtest_id: plan.backtestId, strategy_id: plan.strategyId };
    const parts = market.parts.map((part, at) => {
      const { candles, symbol } = part;
      const cursor: Cursor = { index: -1 };
      const estimate = (order: Order) =>
        this.places[at]?.broker.estimate(order, candles.close[cursor.index] ?? Number.NaN) ?? 0;
      const place = { rows: this.rows, market: symbol, indexAt: (time: number) => this.indexAt(time) };
      const { level, emit, keep } = sink;
      const own = { ...ids, symbol };
      const events = new RunEvents(own, level, emit, keep, estimate, settings.maintenanceMargin, place);
      const position = keep ? new Float64Array(market.candles.length) : undefined;
      return { market: part, events, cursor, position };
    });
    this.#desk = new Desk(
      settings,
      parts.map(({ market: { candles, finer }, events }) => ({ columns: candles, observer: events, finer })),
    );
    this.places = parts.map((part, at) => ({ ...part, broker: this.#desk.seats[at]?.broker as Broker }));
  }

  /** Makes what the strategy sees. */
  seat(prepared: readonly ReturnType<typeof prepare>[], state: object): void {
    const { seed, strategyId, market, parameters } = this.#plan;
    const random = lazily(() => seededNumbers(JSON.stringify([seed, strategyId, market.symbol])));
    this.#warmUp = prepared[0]?.warmUp ?? 0;
    this.#contexts = this.places.map(({ market: { candles, symbol }, broker, cursor, events }, at) => {
      const { columns, warmUp } = prepared[at] as ReturnType<typeof prepare>;
      return new RunContext({
        candles,
        cursor,
        broker,
        records: this.records,
        symbol,
        parameters,
        indicators: viewsOf(columns, cursor),
        state,
        random,
        signal: (type, details, time, price) => events.signal(type, details, time, price),
        warmUp,
        together: this,
      });
    });
  }

  /** @returns the times at which a position was held. */
  walk(equity: Float64Array, budgetMs: number | undefined): number {
    const { at, places } = this;
    const desk = this.#desk;
    const time = this.#time;
    const { onBar, onFill, onEnd } = this.#plan.strategy.definition;
    const context = this.#contexts[0] as never;
    const [first] = places as readonly [Place];
    if (onFill) this.#listen((fill) => refusePromise(onFill(context, fill)));
    const ends = budgetMs === undefined ? Number.POSITIVE_INFINITY : clock() + budgetMs;
    const from = this.#plan.tradeFrom;
    let held = 0;
    for (let index = 0; index < time.length; index++) {
      desk.beforeClose(time[index] as number);
      at.index = index;
      for (let seat = 0; seat < places.length; seat++)
        (places[seat] as Place).cursor.index = desk.seats[seat]?.index as number;
      if (index >= from && first.cursor.index >= this.#warmUp) refusePromise(onBar(context));
      desk.afterClose();
      if (this.#note(index)) held++;
      equity[index] = desk.purse.equity();
      if (budgetMs !== undefined && index % BUDGET_CHECK_CANDLES === 0 && clock() > ends)
        throw overBudget(budgetMs, index);
    }
    const last = time.length - 1;
    desk.finish();
    equity[last] = desk.purse.equity();
    this.#note(last);
    if (onEnd) refusePromise(onEnd(context));
    return held;
  }

  positions(): Readonly<Record<string, Float64Array>> {
    return Object.fromEntries(
      this.places.map(({ market, position }) => [market.symbol, position as Float64Array]),
    );
  }

  get index(): number {
    return this.at.index;
  }

  now(): number {
    return this.#filling === undefined ? (this.#time[this.at.index] as number) : this.#filling.fill.time;
  }

  equity(): number {
    if (this.#filling === undefined) return this.#desk.purse.equity();
    return this.#filling.broker.account.equity(this.#filling.fill.price);
  }

  contextOf(name: string): RunContext | undefined {
    return this.#contexts[this.names.indexOf(name)];
  }

  brokerOf(order: number): Broker | undefined {
    return this.places.find(({ broker }) => broker.book.find(order) !== undefined)?.broker;
  }

  isNew(broker: Broker): boolean {
    // Of the last time that is known: in a fill that is the one before, and the candle under way has not closed.
    const place = this.places.find((one) => one.broker === broker);
    if (place === undefined || place.cursor.index < 0) return false;
    return place.market.candles.time[place.cursor.index] === this.#time[this.at.index];
  }

  birthOf(broker: Broker): Birth | undefined {
    if (this.#filling === undefined || this.#filling.broker === broker) return undefined;
    const seat = this.#desk.seats.findIndex((one) => one.broker === broker);
    const index = this.#desk.seats[seat]?.index as number;
    const known = this.places[seat]?.cursor.index as number;
    const { time } = this.#filling.fill;
    return { index, moment: index, time, price: Number.NaN, move: 'close', generation: 0, known };
  }

  #listen(tell: (fill: FillRow) => void): void {
    this.places.forEach(({ broker }, at) => {
      broker.listen((fill) => {
        this.#filling = { broker, fill };
        this.#contexts[at]?.during(fill.price, fill.time, () => tell(fill));
        this.#filling = undefined;
      });
    });
  }

  /** @returns whether anything is held. */
  #note(index: number): boolean {
    let isHeld = false;
    for (const { broker, position } of this.places) {
      const { quantity } = broker.account;
      if (quantity !== 0) isHeld = true;
      if (position) position[index] = quantity;
    }
    return isHeld;
  }

  indexAt(time: number): number {
    const { index } = this.at;
    // Nearly always it is the time after the one that the strategy knows.
    for (const near of [index + 1, index]) if (this.#time[near] === time) return near;
    let low = 0;
    let high = this.#time.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#time[middle] as number) < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
