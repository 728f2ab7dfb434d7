/** The script of index.html: the look of the document around the app, then the app. */
import { css } from 'lit';
import { applyTheme, keptTheme } from './shell/theme.js';
import './shell/app.js';

applyTheme(keptTheme());
// A sheet made by script: the policy allows no inline style.
const { styleSheet } = css`
  body {
    margin: 0;
  }
`;
if (styleSheet) document.adoptedStyleSheets = [...document.adoptedStyleSheets, styleSheet];
