/** A number or a switch that something of a registry can be made with; a command has a flag for each. */
export interface Setting<T> {
  readonly default: T;
  /** @returns the value @throws UsageError naming `field`, what it is and what it may be */
  check(field: string, value: unknown): T;
  /** One line of help: `train` and `run` then have a flag for it. */
  readonly help?: string;
}
