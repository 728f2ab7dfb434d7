import { expect } from 'vitest';
import { ChexError } from '../../src/core/errors.js';

/** A class of typed errors. */
export type ErrorKind = abstract new (...args: never[]) => ChexError;

/** What a caller in JavaScript may hand over, with no compiler to stop it. */
export type Wrong = Record<string, unknown>;

/** Fails unless the call throws or rejects with an error of this kind whose message matches. */
export async function refused(work: () => unknown, kind: ErrorKind, message: RegExp): Promise<void> {
  let error: unknown;
  try {
    await work();
  } catch (caught) {
    error = caught;
  }
  expect(error, `${message}`).toBeInstanceOf(kind);
  expect(error).toBeInstanceOf(ChexError);
  expect((error as Error).message).toMatch(message);
}
