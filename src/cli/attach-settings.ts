/** Environment variable in which `millrace profile` tells the program's process what to do. */
export const ATTACH_VARIABLE = 'MILLRACE_PROFILE';

export interface AttachSettings {
  readonly directory: string;
  readonly cpu: boolean;
  readonly heap: boolean;
  /** Left out: until the engine closes. */
  readonly seconds?: number | undefined;
  readonly intervalMicros?: number | undefined;
}

/** The settings as they travel, with the `NODE_OPTIONS` that the program's own children should see. */
export type AttachEnvironment = AttachSettings & { readonly nodeOptions: string };

/** What the program's process tells `millrace profile`. */
export interface AttachMessage {
  readonly kind: 'reported' | 'failed';
  readonly text: string;
}
