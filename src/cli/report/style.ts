/** The style of a report: light and dark by the reader's setting, light on paper. */
export const reportStyle = `
:root { color-scheme: light dark; --paper: #fdfdfb; --ink: #1c2024; --quiet: #565d66; --rule: #d9dad5; --accent: #00568a; --chosen: #ffe9b8 }
@media screen and (prefers-color-scheme: dark) {
  :root { --paper: #15181c; --ink: #e9e9e4; --quiet: #a7aeb7; --rule: #363c44; --accent: #8cc8f2; --chosen: #4d3f12 }
}
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 72rem; padding: 1.5rem 1rem 3rem; background: var(--paper); color: var(--ink); font: 0.9375rem/1.5 system-ui, sans-serif }
h1 { font-size: 1.4rem; margin: 0 } h2 { font-size: 1.1rem; margin: 2rem 0 0.5rem } h3 { font-size: 0.95rem; margin: 1rem 0 0.25rem }
p { max-width: 70ch; margin: 0.25rem 0 0.5rem } .quiet { color: var(--quiet); font-size: 0.8125rem }
table { border-collapse: collapse; font-size: 0.8125rem; font-variant-numeric: tabular-nums }
th, td { padding: 2px 8px; border-bottom: 1px solid var(--rule); text-align: right } th:first-child, td:first-child { text-align: left }
button, select, summary { font: inherit; color: inherit } button, select { background: none; border: 1px solid var(--rule); border-radius: 4px; padding: 2px 8px; cursor: pointer }
button[aria-selected="true"], button[aria-pressed="true"] { background: var(--chosen); border-color: var(--ink) }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 1px }
.row { display: flex; flex-wrap: wrap; gap: 4px 8px; align-items: center; margin: 0.5rem 0 } .scroll { overflow: auto; max-width: 100% }
.token { font-family: ui-monospace, monospace; font-size: 0.8125rem; padding: 1px 6px; border: 1px solid var(--rule); border-radius: 3px; white-space: pre }
.heads { display: flex; flex-wrap: wrap; gap: 8px } .heads button { display: grid; gap: 2px; justify-items: center; padding: 4px; font-size: 0.75rem }
canvas { image-rendering: pixelated; display: block } .heads canvas { width: 84px; height: 84px } .large canvas { width: min(100%, 640px) }
.map td { width: 22px; min-width: 22px; height: 22px; padding: 0; border: 0; text-align: center; font-size: 0.6875rem }
.map td span { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
.map.numbers td { min-width: 34px } .map.numbers td span { position: static; width: auto; height: auto; clip-path: none }
.map th { border: 0; padding: 0 4px; font-weight: 400; white-space: pre } .map thead th { height: 6.5em; vertical-align: bottom; text-align: left } .map thead th span { display: inline-block; writing-mode: vertical-rl; transform: rotate(180deg); max-height: 6.5em; overflow: hidden }
.map tbody th { text-align: right } svg { max-width: 100%; height: auto }
output { display: block; min-height: 1.5em; font-family: ui-monospace, monospace; font-size: 0.8125rem }
@media print { .controls { display: none } .layer[hidden] { display: block !important } body { max-width: none } .layer, figure, svg { break-inside: avoid } }
`;
