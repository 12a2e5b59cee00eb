/** An event that was not handled. */
export interface PublishFailure {
  readonly position: number;
  /** HandlerError of an event that failed, KeyParkedError of one that waits behind a failed one. */
  readonly error: Error;
}
