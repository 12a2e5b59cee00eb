// Every error that Millrace throws, each with a stable `code`.

export * from '../kernel/command-errors.js';
export { ERROR_CLASSES } from '../kernel/error-classes.js';
export * from '../kernel/errors.js';
export * from '../kernel/timer-errors.js';
