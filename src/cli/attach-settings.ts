/** Environment variable in which `millrace profile` tells the program's process what to do. */
export const ATTACH_VARIABLE = 'MILLRACE_PROFILE';

/**
 * File descriptor on which the program's process answers: a pipe of its own. Node's own channel between processes is
 * left to the program, which may send messages on it, or do something else when it is there.
 */
export const ATTACH_DESCRIPTOR = 3;

export interface AttachSettings {
  readonly directory: string;
  readonly force: boolean;
  readonly cpu: boolean;
  readonly heap: boolean;
  /** Left out: until the engine closes. */
  readonly seconds?: number | undefined;
  readonly intervalMicros?: number | undefined;
}

/** The settings as they travel, with the `NODE_OPTIONS` that the program's own children should see. */
export type AttachEnvironment = AttachSettings & { readonly nodeOptions: string };

/** What the program's process tells `millrace profile`, a line of JSON each. */
export type AttachMessage =
  | { readonly kind: 'reported'; readonly text: string }
  /** `code` is empty for an error that has none. */
  | { readonly kind: 'failed'; readonly code: string; readonly text: string };
