/**
 * The tabs of the Explorer, one line each. What a tab shows is an element of its own, loaded when somebody asks for
 * it; its property `session` is the page's, and it draws anew when `version` grows.
 */
import { html, type TemplateResult } from 'lit';
import type { ExplorerSession } from './session.js';

export interface ExplorerTab {
  /** In the address. */
  readonly id: string;
  readonly title: string;
  readonly load: () => Promise<unknown>;
  readonly render: (session: ExplorerSession, version: number) => TemplateResult;
}

export const TABS: readonly ExplorerTab[] = [
  {
    id: 'explore',
    title: 'Explore',
    load: () => import('./explore/explore.js'),
    render: (session, version) =>
      html`<chexgpu-explore .session=${session} .version=${version}></chexgpu-explore>`,
  },
  {
    id: 'debugger',
    title: 'Debugger',
    load: () => import('./debugger/debugger.js'),
    render: (session, version) =>
      html`<chexgpu-debugger .session=${session} .version=${version}></chexgpu-debugger>`,
  },
  {
    id: 'what-if',
    title: 'What if',
    load: () => import('./whatIf/whatIf.js'),
    render: (session, version) =>
      html`<chexgpu-what-if .session=${session} .version=${version}></chexgpu-what-if>`,
  },
  {
    id: 'gradcam',
    title: 'Grad-CAM',
    load: () => import('./gradcam/gradcam.js'),
    render: (session, version) =>
      html`<chexgpu-cam-steps .session=${session} .version=${version}></chexgpu-cam-steps>`,
  },
];
