// Every error that Millrace throws, each with a stable `code`.
export * from '../kernel/errors.js';
