export { TIME_UNITS } from './candles/epoch-column.js';
