/**
 * Every error a user can meet. Each says what was wrong, where, and what to do about it (`hint`), and of which kind
 * it is (`code`).
 */
export type ErrorCode =
  | 'usage' // a flag or an argument that makes no sense
  | 'data' // a CSV, an image, a label: the user's files
  | 'weights' // a weight file that does not fit the network
  | 'adapter' // no WebGPU adapter, or it lacks something needed
  | 'memory' // the GPU has no room
  | 'gpu' // validation, compilation, device loss: our fault or the driver's
  | 'numeric'; // a number that is not finite

export class ChexError extends Error {
  readonly code: ErrorCode;
  /** What to do about it, in one sentence. */
  readonly hint: string;
  constructor(code: ErrorCode, message: string, hint = '', options?: ErrorOptions) {
    super(hint ? `${message} ${hint}` : message, options);
    this.name = new.target.name;
    this.code = code;
    this.hint = hint;
  }
}

export class UsageError extends ChexError {
  constructor(message: string, hint?: string) {
    super('usage', message, hint);
  }
}

/** A user's file is wrong; the message names the file. */
export class DataError extends ChexError {
  constructor(message: string, hint?: string, options?: ErrorOptions) {
    super('data', message, hint, options);
  }
}

/** A weight file does not fit; the message names the layer, the shape found and the shape wanted. */
export class WeightsError extends ChexError {
  constructor(message: string, hint?: string, options?: ErrorOptions) {
    super('weights', message, hint, options);
  }
}

export class AdapterError extends ChexError {
  constructor(message: string, hint?: string) {
    super('adapter', message, hint);
  }
}

export class OutOfMemoryError extends ChexError {
  constructor(message: string, hint = 'Use smaller batches or smaller images.', options?: ErrorOptions) {
    super('memory', message, hint, options);
  }
}

/** WebGPU refused a command, or a shader did not compile. */
export class GpuError extends ChexError {
  constructor(message: string, hint?: string, options?: ErrorOptions) {
    super('gpu', message, hint, options);
  }
}

/** The device is gone: its driver failed, the system took it, or its owner destroyed it. */
export class DeviceLostError extends GpuError {
  constructor(
    message: string,
    hint = 'Open a new one; train from the last checkpoint.',
    options?: ErrorOptions,
  ) {
    super(message, hint, options);
  }
}

/** A loss or a value is NaN or infinite; the message names the place. */
export class NonFiniteError extends ChexError {
  constructor(message: string, hint?: string, options?: ErrorOptions) {
    super('numeric', message, hint, options);
  }
}
