// What was chosen before: the first look into the browser's store takes long, and here nothing waits for it yet.

export type Theme = 'system' | 'light' | 'dark';

/** Under what the theme is kept. */
export const THEME_KEY = 'piecewatch-theme';

function read(): Theme {
  try {
    const value = localStorage.getItem(THEME_KEY);
    return value === 'light' || value === 'dark' ? value : 'system';
  } catch {
    return 'system';
  }
}

/** The theme that was chosen. */
export const storedTheme = read();
