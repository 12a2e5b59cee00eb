/** The names of all `diagnostics_channel` channels that Millrace publishes to, on the main thread. */
export const CHANNELS = {
  /** A `Notice` of any engine, as `engine.onNotice` gives it. */
  notice: 'millrace:notice',
  /** `{ engine }`, when an engine has been opened: for profilers and the like. */
  engine: 'millrace:engine',
} as const;
