// Light or dark: as the system has it, or as somebody chose.

export type Theme = 'system' | 'light' | 'dark';

const KEY = 'piecewatch-theme';
const system = window.matchMedia('(prefers-color-scheme: dark)');

function stored(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return value === 'light' || value === 'dark' ? value : 'system';
  } catch {
    return 'system';
  }
}

let chosen = $state<Theme>(stored());
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
    if (theme === 'system') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // It is kept for as long as the page is open.
  }
  show();
}

function show(): void {
  document.documentElement.dataset.theme = isDark() ? 'dark' : 'light';
}

show();
