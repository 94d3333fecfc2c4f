import { createHash } from 'node:crypto'

/** The one style sheet of the pairing page, written into each page. Colours keep a contrast of 4.5 and more (WCAG AA). */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --page: light-dark(#f3f4f6, #111418);
  --card: light-dark(#ffffff, #1a1f26);
  --text: light-dark(#1b1f24, #e8ebef);
  --quiet: light-dark(#57606a, #a3adb8);
  --line: light-dark(#d5dae0, #36404b);
  --field: light-dark(#868f99, #77828e);
  --accent: light-dark(#1f5fbf, #8ab8ff);
  --on-accent: light-dark(#ffffff, #0c1a2e);
  --alert: light-dark(#a4200d, #ffa294);
}
* { box-sizing: border-box; }
body {
  margin: 0;
  padding: clamp(1rem, 6vh, 4rem) 1rem 2rem;
  background: var(--page);
  color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif;
  overflow-wrap: anywhere;
}
main {
  max-width: 32rem;
  margin: 0 auto;
  padding: 1.5rem;
  background: var(--card);
  border: 1px solid var(--line);
  border-radius: 0.75rem;
}
.brand { margin: 0; color: var(--quiet); }
h1 { margin: 0 0 1rem; font-size: 1.5rem; line-height: 1.25; text-wrap: balance; }
p { margin: 0 0 1rem; }
:is(main, form) > :last-child { margin-bottom: 0; }
code { font-family: ui-monospace, monospace; font-size: 0.95em; }
.command { display: block; padding: 0.5rem 0.75rem; background: var(--page); border-radius: 0.375rem; }
.code {
  padding: 0.75rem;
  border: 1px solid var(--line);
  border-radius: 0.5rem;
  font: 600 clamp(1.75rem, 10vw, 2.5rem)/1.2 ui-monospace, monospace;
  letter-spacing: 0.1em;
  text-align: center;
}
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.25rem 1rem; margin: 0 0 1rem; }
dt { color: var(--quiet); }
dd { margin: 0; }
.quiet { color: var(--quiet); font-size: 0.875rem; }
.alert { color: var(--alert); font-weight: 600; }
form { margin: 0 0 1rem; }
label { display: block; margin-bottom: 0.25rem; font-weight: 600; }
input {
  width: 100%;
  min-height: 2.75rem;
  margin-bottom: 1rem;
  padding: 0.5rem 0.75rem;
  border: 1px solid var(--field);
  border-radius: 0.375rem;
  background: var(--card);
  color: inherit;
  font: inherit;
}
input[name="code"] { font-family: ui-monospace, monospace; font-size: 1.25rem; letter-spacing: 0.1em; text-transform: uppercase; }
input[aria-invalid="true"] { border-color: var(--alert); }
.choice { display: flex; flex-wrap: wrap; gap: 0.75rem; }
button {
  flex: 1 1 9rem;
  min-height: 2.75rem;
  padding: 0.5rem 1.25rem;
  border: 1px solid var(--accent);
  border-radius: 0.375rem;
  background: var(--accent);
  color: var(--on-accent);
  font: inherit;
  font-weight: 600;
  cursor: pointer;
}
button.second { background: transparent; color: var(--accent); }
a { color: var(--accent); }
:is(a, button, input):focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
`

const STYLE_HASH = createHash('sha256').update(PAGE_STYLE).digest('base64')

/** What a page may do: show itself in its one style, and send its forms to where it came from. No script, no frame. */
export const PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${STYLE_HASH}'`,
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ')
