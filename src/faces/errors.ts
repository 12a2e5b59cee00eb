// Every error that Millrace throws, each with a stable `code`.
export { ERROR_CLASSES } from '../events/error-classes.js';
export * from '../events/errors.js';
