/** A command that a handler sends to an aggregate, as it lies in a lane's answer and in the log. */
export interface SentCommand {
  /** Name of the handlers that sent it. */
  readonly handler: string;
  /** Name of the aggregate's definition. */
  readonly aggregate: string;
  readonly aggregateId: string;
  readonly command: string;
  /** The time of its events. Unix epoch milliseconds. */
  readonly time: number;
  /** The input's bytes, as a text of one character for each; undefined: the input is. */
  readonly input: string | undefined;
  /** Ids of the event that led to it and of that one's story, for the metadata of its events. */
  readonly causationId: string;
  readonly correlationId: string;
  /** Fields of the trace that it is a part of. */
  readonly carrier?: Readonly<Record<string, string>> | undefined;
}
