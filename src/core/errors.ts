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

/** Each class says its name as a string: those of classes are lost where a page is made small. */
export class ChexError extends Error {
  override name = 'ChexError';
  readonly code: ErrorCode;
  /** What to do about it, in one sentence. */
  readonly hint: string;
  constructor(code: ErrorCode, message: string, hint = '', options?: ErrorOptions) {
    super(hint ? `${message} ${hint}` : message, options);
    this.code = code;
    this.hint = hint;
  }
}

export class UsageError extends ChexError {
  override name = 'UsageError';
  constructor(message: string, hint?: string, options?: ErrorOptions) {
    super('usage', message, hint, options);
  }
}

/** An npm package is wanted that is not there: most are optional, so that nobody carries what he does not use. */
export class MissingPackageError extends ChexError {
  override name = 'MissingPackageError';
  /**
   * @param what wants them, as the subject of a sentence: `Reading image files in Node`
   * @param options `hint` where installing is not all
   */
  constructor(
    readonly what: string,
    readonly packages: readonly string[],
    { hint = `Install with: npm i ${packages.join(' ')}`, ...options }: ErrorOptions & { hint?: string } = {},
  ) {
    const names = packages.length > 1 ? `packages ${packages.join(' and ')}` : `package ${packages[0]}`;
    super('usage', `${what} needs the npm ${names}.`, hint, options);
  }
}

/** A user's file is wrong; the message names the file. */
export class DataError extends ChexError {
  override name = 'DataError';
  constructor(message: string, hint?: string, options?: ErrorOptions) {
    super('data', message, hint, options);
  }
}

/** A weight file does not fit; the message names the layer, the shape found and the shape wanted. */
export class WeightsError extends ChexError {
  override name = 'WeightsError';
  constructor(message: string, hint?: string, options?: ErrorOptions) {
    super('weights', message, hint, options);
  }
}

export class AdapterError extends ChexError {
  override name = 'AdapterError';
  constructor(message: string, hint?: string) {
    super('adapter', message, hint);
  }
}

export class OutOfMemoryError extends ChexError {
  override name = 'OutOfMemoryError';
  constructor(message: string, hint = 'Use smaller batches or smaller images.', options?: ErrorOptions) {
    super('memory', message, hint, options);
  }
}

/** WebGPU refused a command, or a shader did not compile. */
export class GpuError extends ChexError {
  override name = 'GpuError';
  constructor(message: string, hint?: string, options?: ErrorOptions) {
    super('gpu', message, hint, options);
  }
}

/** The device is gone: its driver failed, the system took it, or its owner destroyed it. */
export class DeviceLostError extends GpuError {
  override name = 'DeviceLostError';
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
  override name = 'NonFiniteError';
  constructor(message: string, hint?: string, options?: ErrorOptions) {
    super('numeric', message, hint, options);
  }
}
