import { InputError, InvalidOptionError } from '../../faces/errors.js';
import { checkText } from '../given.js';
import { fillCandles } from './candle-rows.js';
import type { Candles } from './candles.js';
import { gapsOf } from './gaps.js';
import { joined, type NamedPart } from './join.js';
import { REPORTED_FAULTS } from './limits.js';
import { type CandleOptions, checkCandleOptions } from './options.js';
import { isParquet, parquetRecords } from './parquet.js';
import { type Records, recordsOf } from './records.js';
import type { CandleReport, SourceReport } from './report.js';
import { resample } from './resample.js';
import { RowReader } from './row-reader.js';
import { readContent, readTexts, type SourceText, textsOf } from './source-text.js';
import { timeframeOf } from './timeframe.js';
import { type ReadTrades, TradeReader, tradeColumns, tradeLayout } from './trade-reader.js';
import { candlesFromTrades, type Trades } from './trades.js';

/** Candles, and what was understood of the files that they came from. */
export interface ImportedCandles {
  readonly candles: Candles;
  readonly report: CandleReport;
}

/** Length of candles made of trades, unless another is asked for. */
const TRADES_TIMEFRAME = '1m';

/**
 * Reads candles from a file, or from several of one market: CSV in all dialects, Binance klines, Upbit, Yahoo, Stooq,
 * JSON, JSON lines, and trades, each also packed with gzip or zip. What is found out of the file and what is refused is in
 * docs/candles.md. A pipe is read as well.
 *
 * @throws InputError that names the line for whatever is wrong, and for files that are missing, too large or something
 * else. InvalidOptionError.
 */
export function readCandles(paths: string | readonly string[], options: CandleOptions = {}): Candles {
  return importCandles(paths, options).candles;
}

/** As {@link readCandles}, with a report of what was understood, gaps, and what was left out or put right. */
export function importCandles(
  paths: string | readonly string[],
  options: CandleOptions = {},
): ImportedCandles {
  const known = checkCandleOptions(options);
  return imported(textsIn(paths), known);
}

/** Candles from a text in any of the formats. `name` stands in messages. @throws as {@link readCandles}. */
export function parseCandles(text: string, name = 'CSV', options: CandleOptions = {}): Candles {
  const known = checkCandleOptions(options);
  checkText('parseCandles', 'name', name);
  if (typeof text !== 'string') checkText('parseCandles', 'text', text);
  return imported([sourceOf({ name, text, packed: null })], known).candles;
}

/**
 * Reads single trades, as a stream sends them or an exchange archives them, from one file or several.
 *
 * @throws InputError as {@link readCandles}, and for files that hold candles. InvalidOptionError.
 */
export function readTrades(paths: string | readonly string[], options: CandleOptions = {}): Trades {
  const known = checkCandleOptions(options);
  const { candles, trades } = read(textsIn(paths), known);
  const [other] = candles;
  if (other) throw new InputError(`${other.name} holds candles, not trades. Read it with readCandles.`);
  return tradeColumns(trades.flatMap(({ part }) => part.trades)).trades;
}

/**
 * Reads what decides within the candles of a backtest (`finer`): candles, or trades as they are.
 *
 * @throws InputError as {@link readCandles}. InvalidOptionError.
 */
export function readFiner(paths: string | readonly string[], options: CandleOptions = {}): Candles | Trades {
  const known = checkCandleOptions(options);
  return finerIn(textsIn(paths), known);
}

function finerIn(sources: readonly Source[], known: CandleOptions): Candles | Trades {
  const { candles, trades } = read(sources, known);
  if (candles.length > 0) return ofCandles(candles, known).candles;
  return tradeColumns(trades.flatMap(({ part }) => part.trades)).trades;
}

/**
 * As {@link importCandles}, and of Parquet files as well, which need the package `hyparquet` and cannot be read at once.
 *
 * @throws PackageMissingError for a Parquet file without that package. What {@link importCandles} throws.
 */
export async function loadCandles(
  paths: string | readonly string[],
  options: CandleOptions = {},
): Promise<ImportedCandles> {
  const known = checkCandleOptions(options);
  return imported(await sourcesIn(paths), known);
}

/** As {@link readFiner}, and of Parquet files as well. @throws as {@link loadCandles}. */
export async function loadFiner(
  paths: string | readonly string[],
  options: CandleOptions = {},
): Promise<Candles | Trades> {
  const known = checkCandleOptions(options);
  return finerIn(await sourcesIn(paths), known);
}

async function sourcesIn(paths: string | readonly string[]): Promise<readonly Source[]> {
  const sources: Source[] = [];
  for (const path of pathsIn(paths)) {
    const content = readContent(path);
    if (isParquet(content)) {
      const records = await parquetRecords(content, path);
      sources.push({ name: path, packed: null, records: () => records });
    } else sources.push(...textsOf(content, path).map(sourceOf));
  }
  return sources;
}

function sourceOf({ name, text, packed }: SourceText): Source {
  return { name, packed, records: () => recordsOf(text, name) };
}

function textsIn(paths: string | readonly string[]): readonly Source[] {
  return pathsIn(paths).flatMap(readTexts).map(sourceOf);
}

function pathsIn(paths: string | readonly string[]): readonly string[] {
  const all: readonly unknown[] = Array.isArray(paths) ? paths : [paths];
  const isPath = (path: unknown): path is string => typeof path === 'string';
  if (!all.every(isPath)) throw new InvalidOptionError('The files of candles must be paths, each a text.');
  if (all.length === 0) throw new InputError('No file: pass the path of at least one.');
  return all;
}

/** Rows with the name that messages give them; taken apart when it is their turn. */
interface Source {
  readonly name: string;
  readonly packed: SourceReport['packed'];
  readonly records: () => Records;
}

interface NamedTrades {
  readonly name: string;
  readonly part: ReadTrades;
}

/** Texts as they were read, those with trades apart. */
interface ReadSources {
  readonly candles: readonly NamedPart[];
  readonly trades: readonly NamedTrades[];
  readonly sources: readonly SourceReport[];
}

function read(texts: readonly Source[], options: CandleOptions): ReadSources {
  const candles: NamedPart[] = [];
  const trades: NamedTrades[] = [];
  const sources: SourceReport[] = [];
  for (const { name, packed, records: open } of texts) {
    const records = open();
    let reader: RowReader | TradeReader | undefined;
    records.each((record, at) => {
      const layout = reader ? undefined : tradeLayout(record);
      reader ??= layout
        ? new TradeReader(name, records, options, layout, record)
        : new RowReader(name, records, options);
      reader.take(record, at);
    });
    const part = (reader ?? new RowReader(name, records, options)).finish();
    sources.push({ name, packed, ...part.source });
    if ('trades' in part) trades.push({ name, part });
    else candles.push({ name, part });
  }
  return { candles, trades, sources };
}

function imported(texts: readonly Source[], options: CandleOptions): ImportedCandles {
  const { candles, trades, sources } = read(texts, options);
  const [own] = candles;
  const [other] = trades;
  if (own && other) {
    throw new InputError(
      `${own.name} holds candles and ${other.name} trades. Pass files of one or of the other.`,
    );
  }
  const result = own ? ofCandles(candles, options) : ofTrades(trades, options);
  const parts = [...candles, ...trades].map(({ part }) => part);
  const { candles: made } = result;
  // Of two candles made of trades the distance does not tell the length.
  const timeframe = own ? timeframeOf(made) : (options.timeframe ?? TRADES_TIMEFRAME);
  return {
    candles: made,
    report: {
      sources,
      candles: made.length,
      start: made.start,
      end: made.end,
      timeframe,
      madeFrom: result.madeFrom,
      gaps: gapsOf(made, timeframe),
      fundingRates: made.funding?.reduce((count, rate) => count + (rate === 0 ? 0 : 1), 0) ?? null,
      duplicates: result.duplicates,
      disordered: result.disordered,
      emptyRows: sum(candles, 'emptyRows'),
      rounded: sum(candles, 'rounded'),
      badRows: parts.reduce((total, part) => total + part.badRows, 0),
      faults: parts.flatMap((part) => part.faults).slice(0, REPORTED_FAULTS),
    },
  };
}

function ofCandles(parts: readonly NamedPart[], { timeframe, faults }: CandleOptions) {
  const { rows, duplicates } = joined(parts, faults === 'skip');
  const candles = fillCandles(rows);
  const own = timeframeOf(candles);
  const isOther = timeframe !== undefined && timeframe !== own && own !== 'unknown';
  return {
    candles: isOther ? resample(candles, timeframe).candles : candles,
    madeFrom: isOther ? own : null,
    duplicates: duplicates + sum(parts, 'duplicates'),
    disordered: sum(parts, 'disordered'),
  };
}

function ofTrades(parts: readonly NamedTrades[], { timeframe = TRADES_TIMEFRAME }: CandleOptions) {
  const { trades, duplicates, disordered } = tradeColumns(parts.flatMap(({ part }) => part.trades));
  return { candles: candlesFromTrades(trades, timeframe), madeFrom: 'trades', duplicates, disordered };
}

function sum(parts: readonly NamedPart[], name: 'duplicates' | 'disordered' | 'emptyRows' | 'rounded') {
  return parts.reduce((total, { part }) => total + part[name], 0);
}
