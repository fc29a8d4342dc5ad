/** How the page looks: dark or light as the reader's system, one column on a narrow screen. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --text: #1a1f29; --muted: #5b6676; --line: #e1e5eb;
  --up: #0a7d63; --down: #c2362f; --accent: #2460c8; --accent-fill: #2460c820; --down-fill: #c2362f20;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f1319; --card: #171c25; --text: #dbe1ea; --muted: #94a0b3; --line: #29313e;
    --up: #35b795; --down: #ec6a5e; --accent: #6ea3ff; --accent-fill: #6ea3ff26; --down-fill: #ec6a5e26;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.45 system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif; font-variant-numeric: tabular-nums;
}
main { max-width: 1280px; margin: 0 auto; padding: 24px 20px 48px; display: grid; gap: 20px; }
h1 { font-size: 24px; line-height: 1.2; margin: 0 0 6px; overflow-wrap: anywhere; }
h2 { font-size: 16px; margin: 0 0 12px; }
p { margin: 0; }
.muted { color: var(--muted); }
.gain { color: var(--up); }
.loss { color: var(--down); }
section, .tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
section { padding: 16px 18px; min-width: 0; }
.tiles { display: grid; gap: 12px; grid-template-columns: repeat(4, 1fr); }
.tile { padding: 12px 14px; }
.tile b { display: block; font-size: 20px; font-weight: 650; line-height: 1.3; overflow-wrap: anywhere; }
.tile span { color: var(--muted); font-size: 13px; }
.pair { display: grid; gap: 20px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); }
.bar { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; margin-bottom: 10px; }
.bar h2 { margin: 0 auto 0 0; }
button, select {
  font: inherit; font-size: 14px; color: inherit; background: var(--page); border: 1px solid var(--line); border-radius: 6px;
  padding: 3px 10px; min-height: 30px;
}
button:hover:enabled { border-color: var(--accent); cursor: pointer; }
button:disabled { opacity: 0.45; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
#charts h3 { font-size: 13px; font-weight: 600; color: var(--muted); margin: 10px 0 0; }
#read-out, #read-out-trade { font-size: 13px; min-height: 20px; white-space: pre-wrap; }
#read-out-trade { color: var(--muted); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { text-align: left; padding: 5px 10px 5px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { color: var(--muted); font-weight: 600; white-space: nowrap; }
tbody th { font-weight: 500; }
td.number, th.number { text-align: right; white-space: nowrap; }
code { font: 13px ui-monospace, SFMono-Regular, Menlo, 'DejaVu Sans Mono', monospace; overflow-wrap: anywhere; white-space: pre-wrap; }
#results code { white-space: nowrap; }
#executors td { white-space: nowrap; }
#executors td:nth-child(n + 5):nth-child(-n + 11), #executors th:nth-child(n + 5):nth-child(-n + 11) { text-align: right; }
#executors thead button { background: none; border: 0; padding: 0; min-height: 0; font-weight: 600; color: inherit; }
#executors tbody button { padding: 0 8px; min-height: 24px; }
th[aria-sort='ascending'] button::after { content: ' \\2191'; }
th[aria-sort='descending'] button::after { content: ' \\2193'; }
.share { display: inline-block; height: 9px; border-radius: 2px; background: var(--accent); vertical-align: middle; min-width: 1px; }
svg text { fill: var(--muted); font-size: 12px; }
svg .gain { fill: var(--up); } svg .loss { fill: var(--down); } svg line { stroke: var(--line); }
footer { color: var(--muted); font-size: 13px; }
footer pre { white-space: pre-wrap; font-size: 12px; }
@media (max-width: 860px) { .tiles { grid-template-columns: repeat(2, 1fr); } }
@media (max-width: 640px) { .tile b { font-size: 17px; } main { padding: 14px 10px 32px; } section { padding: 12px; } th, td { padding-right: 8px; } }
@media print { .bar button, .bar select, .bar label { display: none; } section { break-inside: avoid; } }
`
