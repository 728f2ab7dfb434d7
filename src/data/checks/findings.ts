/** What the checks look at, and what they report. */
import type { ImageFacts } from '../images/pixelFacts.js';
import type { Frame } from '../tables/frame.js';

export type Severity = 'error' | 'warning' | 'info';

export interface Finding {
  readonly severity: Severity;
  /** A fixed word for machines, e.g. 'patient-leakage'. */
  readonly kind: string;
  /** One sentence for people. */
  readonly message: string;
  /** Splits concerned. */
  readonly splits: readonly string[];
  /** All patients, images or classes concerned; the message names only the first. */
  readonly items: readonly (string | number)[];
}

export type Splits = Readonly<Record<string, Frame>>;

/** The images, by the names that the rows give them: one name for each file. */
export interface ImageFolder {
  /** Named in messages. */
  readonly name: string;
  /** All files in it and below. */
  readonly files: readonly string[];
  /** Why a name leads to no image; null where it does. */
  problem(image: string): Promise<string | null>;
  /** What the writer of a name that leads nowhere may have meant; '' where there is nothing to say. */
  hint(image: string): Promise<string>;
  /** @throws Error saying why the image cannot be read */
  inspect(image: string): Promise<ImageFacts>;
}

/** A drawn box of a finding, in pixels of the image. */
export interface Box {
  readonly image: string;
  readonly label: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
