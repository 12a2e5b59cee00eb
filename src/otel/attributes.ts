/** Attributes of spans: OpenTelemetry's messaging conventions, and our own where these have none. */
export const ATTRIBUTES = {
  system: 'messaging.system',
  operationName: 'messaging.operation.name',
  operationType: 'messaging.operation.type',
  /** The event type. */
  destination: 'messaging.destination.name',
  /** The lane, as text. */
  partition: 'messaging.destination.partition.id',
  /** The event's id. */
  messageId: 'messaging.message.id',
  /** Code of the error that a handler threw, else the name of its class. */
  errorType: 'error.type',
  /** Name of the handler module. */
  handler: 'millrace.handler',
  position: 'millrace.position',
  /** 1 for the first try. */
  attempt: 'millrace.attempt',
} as const;
