"""The report's style sheet: light and dark, phone and paper."""

__all__ = ["STYLE"]

STYLE = """
:root { color-scheme: light dark;
  --page: #fbfbf9; --card: #fff; --ink: #1c1e21; --soft: #5b6168; --line: #dcdfe3;
  --s1: #1f6fb4; --s2: #c2571a; --s3: #2d8a57; --s4: #8b5bb5; --s5: #a3356b; --s6: #6d6d20;
  --bad: #b3261e; --badback: #fdecea; }
@media (prefers-color-scheme: dark) { :root {
  --page: #14161a; --card: #1c1f25; --ink: #e8eaed; --soft: #a3aab3; --line: #363b44;
  --s1: #6db3f2; --s2: #f2a15f; --s3: #6fce9b; --s4: #c3a0ea; --s5: #f08fbd; --s6: #cfcf6a;
  --bad: #ff9a90; --badback: #3a1f1e; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 1rem; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 68rem; margin: 0 auto; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .25rem 0; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 0 0 .5rem; }
p { margin: .4rem 0; } .soft { color: var(--soft); font-size: .9rem; overflow-wrap: anywhere; }
.verdict { font-weight: 600; padding: .7rem .9rem; border-radius: .5rem; margin: 1rem 0;
  border: 1px solid var(--line); background: var(--card); }
.verdict.more { color: var(--bad); background: var(--badback); border-color: var(--bad); }
.facts { display: grid; grid-template-columns: 1fr 1fr; gap: .6rem; margin: 1rem 0; padding: 0; }
.facts div { background: var(--card); border: 1px solid var(--line); border-radius: .5rem;
  padding: .5rem .7rem; }
.facts dt { color: var(--soft); font-size: .85rem; } .facts dd { margin: 0; font-size: 1.2rem;
  font-weight: 600; font-variant-numeric: tabular-nums; }
.cards { display: grid; gap: 1rem; grid-template-columns: 1fr; }
@media (min-width: 52rem) { .cards { grid-template-columns: 1fr 1fr; }
  .facts { grid-template-columns: repeat(4, 1fr); } .wide { grid-column: 1 / -1; } }
section { background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
  padding: .9rem; min-width: 0; }
svg { width: 100%; height: auto; max-width: 36rem; display: block; }
svg text { fill: var(--soft); font-size: 12.5px; }
svg text.axis { fill: var(--ink); }
.grid { stroke: var(--line); } .tick { stroke: var(--soft); }
.level { stroke: var(--ink); stroke-dasharray: 5 4; }
.curve { fill: none; stroke-width: 2.2; }
.s1 { --c: var(--s1); } .s2 { --c: var(--s2); } .s3 { --c: var(--s3); } .s4 { --c: var(--s4); }
.s5 { --c: var(--s5); } .s6 { --c: var(--s6); }
.curve { stroke: var(--c); } .bar, .dot { fill: var(--c); }
.curve.s2 { stroke-dasharray: 9 3; } .curve.s3 { stroke-dasharray: 3 3; }
.curve.s4 { stroke-dasharray: 10 3 3 3; } .curve.s5 { stroke-dasharray: 6 2; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1rem; padding: 0;
  margin: .4rem 0 0; font-size: .9rem; }
.key { display: inline-block; width: 1rem; height: .7rem; border-radius: .15rem;
  background: var(--c); margin-right: .4rem; }
.key.dashed { background: none; height: 0; border-top: 2px dashed var(--ink);
  vertical-align: middle; border-radius: 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: .3rem .5rem; border-bottom: 1px solid var(--line);
  vertical-align: top; }
th { color: var(--soft); font-weight: 600; } td.name { overflow-wrap: anywhere; min-width: 8.5rem; }
td.about { min-width: 16rem; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.more { color: var(--bad); font-weight: 600; }
.meter { display: block; height: .45rem; border-radius: .2rem; background: var(--c);
  min-width: 1px; margin-top: .2rem; }
@media print { :root { color-scheme: light; --page: #fff; --card: #fff; --ink: #000;
    --soft: #444; --line: #bbb; --s1: #1f6fb4; --s2: #c2571a; --s3: #2d8a57; --s4: #8b5bb5;
    --s5: #a3356b; --s6: #6d6d20; --bad: #b3261e; --badback: #fff; }
  body { padding: 0; font-size: 11pt; } .cards { grid-template-columns: 1fr 1fr; }
  .wide { grid-column: 1 / -1; } section { break-inside: avoid; }
  section.long { break-inside: auto; } tr { break-inside: avoid; }
  .scroll { overflow: visible; } table { font-size: 8.5pt; }
  .bar, .key, .meter { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""
