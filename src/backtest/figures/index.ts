/** All figures of a backtest, computed from its curve and its trades. */
export type { Annualisation } from './annualisation.js';
export { type Drawdown, drawdownsOf } from './drawdowns.js';
export { type Figure, type FullStatistics, fullStatistics, type ReturnFigures } from './full-statistics.js';
export type { Moments } from './moments.js';
export { type Overfitting, probabilityOfOverfitting } from './overfitting.js';
export { expectedBestSharpe, probabilisticSharpe } from './sharpe-tests.js';
export type { FigureTrade, TradeFigures } from './trade-figures.js';
