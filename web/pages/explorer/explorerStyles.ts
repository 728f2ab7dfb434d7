/** How the Explorer is laid out. */
import { css } from 'lit';

export const explorerStyles = css`
  .tabs {
    display: flex;
    flex-wrap: wrap;
    gap: 6px;
  }
`;
