// Light or dark: as the system has it, or as somebody chose.

import { THEME_KEY, storedTheme, type Theme } from './chosen';

export type { Theme };

const system = window.matchMedia('(prefers-color-scheme: dark)');

let chosen = $state<Theme>(storedTheme);
let isSystemDark = $state(system.matches);

system.addEventListener('change', ({ matches }) => {
  isSystemDark = matches;
  show();
});

/** What was chosen. */
export function theme(): Theme {
  return chosen;
}

/** Whether it is dark now. */
export function isDark(): boolean {
  return chosen === 'system' ? isSystemDark : chosen === 'dark';
}

/** Chooses, for the next time as well. */
export function choose(theme: Theme): void {
  chosen = theme;
  try {
    if (theme === 'system') localStorage.removeItem(THEME_KEY);
    else localStorage.setItem(THEME_KEY, theme);
  } catch {
    // It is kept for as long as the page is open.
  }
  show();
}

function show(): void {
  document.documentElement.dataset.theme = isDark() ? 'dark' : 'light';
}

show();
