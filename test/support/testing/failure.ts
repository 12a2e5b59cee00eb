import { MillraceError } from 'millrace';

/** The code and the message of what a call throws or rejects with. */
export async function failureOf(call: () => unknown): Promise<string> {
  try {
    await call();
  } catch (error) {
    if (error instanceof MillraceError) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error('It did not fail.');
}
