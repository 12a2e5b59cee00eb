import { knownOptions, type NamesOf, optionNames } from '../../events/known-options.js';
import { InvalidOptionError } from '../../faces/errors.js';
import { oneOf } from '../given.js';
import type { CommissionSettings, FillMode, RunSettings, SlippageSettings } from '../runs/result.js';

/** Commission of a fill: a fraction of its value, or apart for what rested on the book (`maker`) and what did not. */
export type CommissionOption =
  | number
  | {
      /** Fraction of the value, for both. Default 0. */
      readonly rate?: number;
      /** Default `rate`. */
      readonly maker?: number;
      /** Default `rate`. */
      readonly taker?: number;
      /** Smallest commission of a fill, in the currency of the prices. Default 0. */
      readonly minimum?: number;
    };

/** By how much a fill that takes from the book gets worse; a number is a fraction of the price. */
export type SlippageOption = number | Partial<SlippageSettings>;

/** The rules of the simulated market and account. */
export interface BrokerOptions {
  /** Cash at the start, above 0. Default 10,000. */
  readonly initialCapital?: number;
  /** When market orders are filled. Default `next_open`. `this_close` is optimistic: nobody trades at a close he waits for. */
  readonly fill?: FillMode;
  /** Default 0.001, thus 0.1 % of each fill. */
  readonly commission?: CommissionOption;
  /** Default none. */
  readonly slippage?: SlippageOption;
  /** Ask minus bid as a fraction of the price, 0 to below 1. Default 0. */
  readonly spread?: number;
  /** Quantities are whole multiples of it. Default 0: any quantity. */
  readonly lotSize?: number;
  /** Prices of orders are whole multiples of it. Default 0: any price. */
  readonly tickSize?: number;
  /** Orders of a smaller value are rejected, but for those that close a position. Default 0. */
  readonly minimumValue?: number;
  /** How many times its equity the account may hold, long or short; 1 to 1,000. Default 1. */
  readonly leverage?: number;
  /** A position is liquidated when the equity falls to this fraction of its value, 0 to below 1. Default 0. */
  readonly maintenanceMargin?: number;
  /** Largest part of a candle's volume that may be filled in it, 0 to 1. Default 0: no limit. */
  readonly volumeShare?: number;
  /** What goes first where a candle touched both stop and target. Default `stop_first`. */
  readonly insideBar?: 'stop_first' | 'target_first';
  /** Decimals to which cash is kept, 0 to 12. Default: 8, and fewer for a large capital, so that sums stay exact. */
  readonly cashDecimals?: number;
  /** Whether a position that is open at the end is closed on the last close. Default true. */
  readonly closeAtEnd?: boolean;
}

const NAMES: NamesOf<BrokerOptions> = {
  initialCapital: true,
  fill: true,
  commission: true,
  slippage: true,
  spread: true,
  lotSize: true,
  tickSize: true,
  minimumValue: true,
  leverage: true,
  maintenanceMargin: true,
  volumeShare: true,
  insideBar: true,
  cashDecimals: true,
  closeAtEnd: 'boolean',
};

/** The names of the broker's options, for calls that take them among others. */
export const BROKER_NAMES = NAMES;

const COMMISSION = optionNames<Exclude<CommissionOption, number>>('commission', {
  rate: true,
  maker: true,
  taker: true,
  minimum: true,
});

const SLIPPAGE = optionNames<Partial<SlippageSettings>>('slippage', {
  fixed: true,
  fraction: true,
  volume: true,
});

/** When orders for the market can be filled. */
export const FILL_MODES: readonly FillMode[] = ['next_open', 'next_close', 'this_close'];

/** Of 2^53 units of cash, how many the initial capital takes at most: an account may grow nine thousandfold. */
const CAPITAL_UNITS = 1e12;

/** All rules, with their defaults. @throws InvalidOptionError that names the one out of its range. */
export function brokerSettings(options: BrokerOptions): RunSettings {
  const initialCapital = options.initialCapital ?? 10_000;
  check('initial capital', initialCapital, initialCapital > 0, 'a finite number above 0');
  const settings: RunSettings = {
    initialCapital,
    fill: oneOf('The fill', options.fill ?? 'next_open', FILL_MODES),
    commission: commissionSettings(options.commission ?? 0.001),
    slippage: slippageSettings(options.slippage ?? 0),
    spread: fraction('spread', options.spread ?? 0),
    lotSize: amount('lotSize', options.lotSize ?? 0),
    tickSize: amount('tickSize', options.tickSize ?? 0),
    minimumValue: amount('minimumValue', options.minimumValue ?? 0),
    leverage: options.leverage ?? 1,
    maintenanceMargin: fraction('maintenanceMargin', options.maintenanceMargin ?? 0),
    volumeShare: options.volumeShare ?? 0,
    insideBar: oneOf('The insideBar', options.insideBar ?? 'stop_first', ['stop_first', 'target_first']),
    cashDecimals: options.cashDecimals ?? decimalsFor(initialCapital),
    closeAtEnd: options.closeAtEnd ?? true,
  };
  const { leverage, volumeShare, cashDecimals } = settings;
  check('leverage', leverage, leverage >= 1 && leverage <= 1000, 'a number from 1 to 1,000');
  check('volumeShare', volumeShare, volumeShare >= 0 && volumeShare <= 1, 'a fraction from 0 to 1');
  const whole = Number.isInteger(cashDecimals) && cashDecimals >= 0 && cashDecimals <= 12;
  check('cashDecimals', cashDecimals, whole, 'a whole number from 0 to 12');
  return settings;
}

function decimalsFor(capital: number): number {
  let decimals = 8;
  while (decimals > 0 && capital * 10 ** decimals > CAPITAL_UNITS) decimals--;
  return decimals;
}

function commissionSettings(option: CommissionOption): CommissionSettings {
  if (typeof option === 'number') {
    fraction('commission', option);
    return { taker: option, maker: option, minimum: 0 };
  }
  const { rate = 0, maker = rate, taker = rate, minimum = 0 } = knownOptions(option, COMMISSION);
  fraction('commission.maker', maker);
  fraction('commission.taker', taker);
  return { taker, maker, minimum: amount('commission.minimum', minimum) };
}

function slippageSettings(option: SlippageOption): SlippageSettings {
  if (typeof option === 'number') return { fixed: 0, fraction: fraction('slippage', option), volume: 0 };
  const { fixed = 0, fraction: part = 0, volume = 0 } = knownOptions(option, SLIPPAGE);
  fraction('slippage.fraction', part);
  return {
    fixed: amount('slippage.fixed', fixed),
    fraction: part,
    volume: amount('slippage.volume', volume),
  };
}

function fraction(name: string, value: number): number {
  check(name, value, value >= 0 && value < 1, 'a fraction from 0 to below 1, such as 0.001 for 0.1 %');
  return value;
}

function amount(name: string, value: number): number {
  check(name, value, value >= 0, 'a finite number from 0 up');
  return value;
}

function check(name: string, value: unknown, good: boolean, range: string): void {
  if (good && typeof value === 'number' && Number.isFinite(value)) return;
  throw new InvalidOptionError(`The ${name} is ${String(value)}; it must be ${range}.`);
}
