/**
 * Most times that a command decides again because others were first. Commands made through one engine take turns, so only
 * other publishers can be first; who loses a hundred times has an aggregate that everybody writes to.
 */
export const MAX_COMMAND_RETRIES = 100;
