export interface Use {
  readonly name: string;
  readonly imports: string;
  readonly later?: RegExp;
  /** kB, gzip. */
  readonly limit: number;
}
export const USES: readonly Use[];
export function measureSizes(): Promise<number[]>;
export function sizeTable(sizes: readonly number[]): string;
