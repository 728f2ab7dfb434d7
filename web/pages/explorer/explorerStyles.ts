/** How the Explorer is laid out around its tabs. */
import { css } from 'lit';

export const explorerStyles = css`
  .head {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: 10px 22px;
  }
  .tabs,
  .subject {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 8px;
  }
  .subject .field {
    color: var(--muted);
  }
  .subject select {
    max-width: 100%;
  }
  .file {
    position: relative;
    overflow: hidden;
  }
  .file input {
    position: absolute;
    inset: 0;
    opacity: 0;
    cursor: pointer;
  }
  .file:focus-within {
    outline: 2px solid var(--accent);
    outline-offset: 2px;
  }
  .labels {
    position: relative;
  }
  .labels summary {
    max-width: 240px;
    overflow: hidden;
    text-overflow: ellipsis;
    display: block;
    line-height: 34px;
  }
  .labels fieldset {
    position: absolute;
    right: 0;
    z-index: 5;
    margin: 4px 0 0;
    padding: 12px 16px;
    display: grid;
    gap: 6px;
    min-width: 220px;
    max-height: 60vh;
    overflow: auto;
    background: var(--raised);
    border: 1px solid var(--line);
    border-radius: var(--radius);
    box-shadow: 0 6px 24px rgb(0 0 0 / 18%);
  }
  .labels label {
    display: flex;
    align-items: center;
    gap: 8px;
    font-size: 14px;
    min-height: 24px;
  }
  @container (max-width: 640px) {
    .labels fieldset {
      right: auto;
      left: 0;
    }
  }
`;
