"""How the page looks: light and dark as the reader's screen is, on paper, on a phone, on a wall.

The colours are of Okabe and Ito's set, which most colour-blind people tell apart; whatever has a
colour has a shape of its own too (dashed, points, hatched, a ring, a square).
"""

from __future__ import annotations

_LIGHT = """color-scheme:light;--paper:#fff;--ink:#1b1b1f;--soft:#595963;--rule:#d5d5dc;
--wash:#f5f5f8;--heard:#0067a8;--chance:#8d8d98;--band:#e2e2e9;--other:#b34700"""
_DARK = """color-scheme:dark;--paper:#16171b;--ink:#ececf0;--soft:#a9a9b5;--rule:#3a3b44;
--wash:#1f2026;--heard:#62b8f0;--chance:#8a8a96;--band:#34353f;--other:#f0883e"""

STYLE = f"""
:root{{{_LIGHT}}}
@media screen and (prefers-color-scheme:dark){{:root{{{_DARK}}}}}
*{{box-sizing:border-box}}
html{{font:clamp(16px,11px + .45vw,23px)/1.5 system-ui,"Segoe UI",Roboto,"Helvetica Neue",Arial,
sans-serif;-webkit-text-size-adjust:100%}}
body{{margin:0 auto;padding:1.5rem 1rem 3rem;max-width:58rem;background:var(--paper);
color:var(--ink);overflow-wrap:break-word}}
h1,h2,h3,h4{{line-height:1.25;margin:2.2em 0 .5em;text-wrap:balance;overflow-wrap:anywhere}}
h1{{font-size:1.75rem;margin-top:.4em}}
h2{{font-size:1.35rem;padding-top:.7em;border-top:1px solid var(--rule)}}
h3{{font-size:1.1rem}}h4{{font-size:1rem;margin-top:1.6em}}
p,dl,ul{{max-width:44rem;margin:.6em 0}}
a{{color:var(--heard)}}
a:focus-visible,summary:focus-visible,.table:focus-visible{{outline:2px solid var(--heard);
outline-offset:2px}}
.made,.note,figcaption,caption{{color:var(--soft);font-size:.875rem}}
nav ul{{padding:0;list-style:none;display:flex;flex-wrap:wrap;gap:.2em 1.2em}}
.short{{background:var(--wash);border:1px solid var(--rule);border-radius:.4rem;
padding:.2rem 1.1rem .6rem;margin:1.2rem 0}}
.short h2{{border:0;margin:.6em 0 .3em;padding:0}}
.short p,.short dl{{max-width:none}}
dt{{font-weight:600;margin-top:.9em}}
dd{{margin:.15em 0 .15em 1rem}}small{{color:var(--soft);font-size:.85em}}
.table{{overflow-x:auto;margin:1em 0}}
table{{border-collapse:collapse;font-size:.875rem;font-variant-numeric:tabular-nums}}
caption{{text-align:left;padding:0 0 .4em;font-size:inherit}}
th,td{{padding:.25em .7em .25em 0;text-align:right;vertical-align:top;
border-bottom:1px solid var(--rule)}}
th.word,td.word,tbody th{{text-align:left}}
thead th:not(.word),td:not(.word){{white-space:nowrap}}
td.word,tbody th{{min-width:9em;max-width:30em;overflow-wrap:anywhere}}
thead th{{border-bottom:2px solid var(--soft);vertical-align:bottom}}
tbody th{{font-weight:500}}
figure{{margin:1em 0}}
figcaption{{font-weight:600;color:var(--ink);overflow-wrap:anywhere}}
svg{{display:block;width:100%;max-width:38rem;height:auto;overflow:visible}}
.sessions{{display:grid;gap:0 2rem;
grid-template-columns:repeat(auto-fill,minmax(min(100%,20rem),1fr))}}
.both{{display:grid;gap:.5rem 1.5rem;align-items:center;grid-template-columns:3fr 2fr}}
.wide{{grid-column:1/-1}}
.plane{{max-width:21rem}}
td.word:last-child{{min-width:13em}}
details{{margin:.6em 0}}summary{{cursor:pointer}}
.key{{display:flex;flex-wrap:wrap;gap:.2em 1.4em;font-size:.875rem;padding:0;list-style:none;
max-width:none}}
.key li{{display:flex;align-items:center;gap:.5em}}
.key svg{{width:2.2em;flex:none}}
svg text{{font:12px system-ui,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;fill:var(--ink);
font-variant-numeric:tabular-nums}}
svg text.name{{font-weight:600}}svg text.faint{{fill:var(--soft);font-size:11px}}
@media screen and (max-width:40rem){{.both{{grid-template-columns:1fr}}
svg text{{font-size:15px}}svg text.faint{{font-size:13px}}}}
svg text.halo{{paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}}
.grid{{stroke:var(--rule)}}.edge{{stroke:var(--chance)}}.frame{{fill:none;stroke:var(--rule)}}
.planned{{fill:none;stroke:var(--ink);stroke-width:2;stroke-dasharray:6 4}}
.measured{{fill:none;stroke:var(--heard);stroke-width:1.6;stroke-linejoin:round}}
.measured-point{{fill:var(--heard);stroke:var(--heard);stroke-linecap:round}}
.planned-end{{stroke:var(--ink);stroke-width:2;fill:var(--paper)}}
.measured-end{{stroke:var(--heard);stroke-width:2;fill:var(--paper)}}
.planned-end.end{{fill:var(--ink)}}.measured-end.end{{fill:var(--heard)}}
.chance{{fill:var(--band)}}.chance-edge{{stroke:var(--chance);stroke-dasharray:2 2}}
.interval{{stroke:var(--heard);stroke-width:2.5}}
.dot{{stroke:var(--heard);stroke-width:2.5;fill:var(--paper)}}.dot.filled{{fill:var(--heard)}}
.mark{{fill:none;stroke:var(--other);stroke-width:2}}.mark.bar{{stroke:var(--ink)}}
.bar-of{{fill:var(--heard)}}
.tick{{stroke:var(--other);stroke-width:2.5}}.tick-halo{{stroke:var(--paper);stroke-width:5.5}}
@page{{size:A4;margin:16mm 15mm}}
@media print{{
html{{font-size:10pt}}
body{{max-width:none;padding:0;-webkit-print-color-adjust:exact;print-color-adjust:exact}}
nav{{display:none}}
h2,h3,h4,figcaption,summary,caption{{break-after:avoid}}
figure,tr,dt,.short{{break-inside:avoid}}
.table{{overflow:visible}}table{{font-size:7.5pt}}th,td{{padding-right:.45em}}
td.word,tbody th{{min-width:6.5em}}
.more::details-content{{content-visibility:visible;block-size:auto}}
.values{{display:none}}
}}
""".strip()
"""Nothing in it is fetched. Text has a contrast of 4.5 to its ground at least, what bears a figure
3 (WCAG 2.2); the grid is fainter, and the band of chance has edges."""
