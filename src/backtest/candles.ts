export { type CandleRow, Candles } from './candles/candles.js';
