export { timeframeOf } from './candles/timeframe.js';
