// How the page is built, and served while it is written.
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Plugin } from 'vite';

// The server whose figures the page shows while it is written.
const figures = process.env.PIECEWATCH ?? 'http://127.0.0.1:8765';

/** What the first view is made of, and nearly every other; what draws curves (chart.ts) and the map come later, with the views that need them. */
const isFirst = (id: string) =>
  /\/src\/(main|App|api|components|format|protocol|state|styles|views\/(Overview|overview|sums))\b/.test(id) &&
  !/\/(chart\.ts|WorldMap\.svelte|countries\.ts)/.test(id);

/** What begins the page, which waits for nothing else. */
const isEarly = (id: string) => /\/src\/(early|parsed|protocol\/(ahead|first|topic)|state\/(address|chosen)|views\/all)\.ts|preload-helper/.test(id);

/**
 * What the first view is made of is asked for with the page, and not when what begins it asks for it. And what begins it
 * waits for neither the style sheet nor the end of the page, as a module does otherwise.
 */
const together: Plugin = {
  name: 'together',
  transformIndexHtml: {
    order: 'post',
    handler: (html, { bundle, server }) => {
      // While it is written every file is asked for by itself.
      if (server !== undefined) return;
      const addressOf = (chunk: string) => {
        const found = Object.values(bundle ?? {}).find(({ type, name }) => type === 'chunk' && name === chunk);
        if (found === undefined) throw new Error(`the page has no file "${chunk}"`);
        return `/${found.fileName}`;
      };
      const begins = `src="${addressOf('early')}"`;
      const begun = html.replaceAll(/<script [^>]*>/g, (tag) => (tag.includes(begins) ? tag.replace('<script ', '<script async ') : tag));
      if (begun === html) throw new Error('the page does not name what begins it');
      return { html: begun, tags: [{ tag: 'link', attrs: { rel: 'modulepreload', crossorigin: true, href: addressOf('first') }, injectTo: 'head' }] };
    },
  },
};

export default defineConfig({
  plugins: [svelte(), together],
  build: {
    target: 'es2022',
    // Everything is a file of the server: its policy allows no other source.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // One style sheet of 6 KB, and not one for each view that the view waits for.
    cssCodeSplit: false,
    reportCompressedSize: true,
    // What the first view is made of is one file, and not twenty small ones that wait for each other.
    rollupOptions: { output: { manualChunks: (id) => (isEarly(id) ? 'early' : isFirst(id) ? 'first' : undefined) } },
  },
  server: {
    proxy: {
      '/api': { target: figures, changeOrigin: true },
      '/ws': { target: figures, ws: true, changeOrigin: true, rewriteWsOrigin: true },
      '/login': { target: figures, changeOrigin: true },
    },
  },
});
