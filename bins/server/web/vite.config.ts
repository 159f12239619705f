// How the page is built, and served while it is written.
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Plugin } from 'vite';

// The server whose figures the page shows while it is written.
const server = process.env.PIECEWATCH ?? 'http://127.0.0.1:8765';

/** Parts of the page that nearly every view needs; charts and the map come with the views that draw them. */
const isShared = (id: string) =>
  /\/src\/(api|components|format|protocol|state)\//.test(id) && !/\/(Chart\.svelte|chart\.ts|WorldMap\.svelte|countries\.ts)/.test(id);

/** What begins the page, which waits for nothing else. */
const isEarly = (id: string) => /\/src\/(early|protocol\/(ahead|first|topic)|state\/(address|chosen)|views\/all)\.ts|preload-helper/.test(id);

/** What every view is made of is asked for with the page, and not when what begins it asks for it. */
const together: Plugin = {
  name: 'together',
  transformIndexHtml: {
    order: 'post',
    handler: (_, { bundle = {} }) =>
      Object.values(bundle).flatMap(({ type, name, fileName }) =>
        type === 'chunk' && (name === 'main' || name === 'shared')
          ? [{ tag: 'link', attrs: { rel: 'modulepreload', crossorigin: true, href: `/${fileName}` }, injectTo: 'head' as const }]
          : [],
      ),
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
    // What all views are made of is one file, and not twenty small ones that wait for each other.
    rollupOptions: { output: { manualChunks: (id) => (isEarly(id) ? 'early' : isShared(id) ? 'shared' : undefined) } },
  },
  server: {
    proxy: {
      '/api': { target: server, changeOrigin: true },
      '/ws': { target: server, ws: true, changeOrigin: true, rewriteWsOrigin: true },
      '/login': { target: server, changeOrigin: true },
    },
  },
});
