/** The saga on lanes that have a tracer. */
import './tracer.mjs';

export { default } from './saga.mjs';
