namespace VhostUser.Reports;

/// <summary>The page's style sheet: light and dark as the reader's system is, one column on a phone, black on white in print.</summary>
internal static class ReportStyle
{
    public const string Css = """
        :root{color-scheme:light dark;--back:#fff;--card:#f6f7f9;--text:#1b1f24;--soft:#59636e;--rule:#d5dae0;--bad:#b42318;--good:#17663a;
        --available:#0b7285;--inflight:#e8890c;--used:#8e44ad;--free:#c9d1d9}
        @media (prefers-color-scheme:dark){:root{--back:#14171a;--card:#1d2125;--text:#e6e9ec;--soft:#9aa5b1;--rule:#343b42;--bad:#ff8a80;--good:#7fd6a0;
        --available:#3bc9db;--inflight:#ffb03b;--used:#d19bf0;--free:#48525c}}
        *{box-sizing:border-box}
        body{margin:0 auto;max-width:70rem;padding:1rem;background:var(--back);color:var(--text);font:16px/1.45 system-ui,sans-serif;overflow-wrap:anywhere}
        h1{font-size:1.6rem;margin:.2rem 0}h2{font-size:1.3rem;margin:2rem 0 .5rem;border-bottom:2px solid var(--rule)}h3{font-size:1.05rem;margin:1.4rem 0 .4rem}
        p{margin:.3rem 0}.soft,figcaption,.legend{color:var(--soft)}.bad{color:var(--bad);font-weight:600}.good{color:var(--good)}
        nav a{margin-right:1rem;color:inherit}
        dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;margin:.5rem 0}dt{color:var(--soft)}dd{margin:0}
        .rings{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:1rem}
        .card{background:var(--card);border:1px solid var(--rule);border-radius:.5rem;padding:.8rem;break-inside:avoid}
        .ring{display:block;width:100%;max-width:17rem;margin:auto}
        .ring circle,.ring path{fill:none;stroke-width:16}.ring .free{stroke:var(--free)}.ring .off{stroke:var(--rule);stroke-dasharray:3 5}
        .ring .available{stroke:var(--available)}.ring .inflight{stroke:var(--inflight)}.ring .used{stroke:var(--used)}.ring .mark{stroke:var(--text);stroke-width:2}
        svg text{fill:var(--text);font:12px system-ui,sans-serif;text-anchor:middle}svg .big{font-size:22px;font-weight:600}svg .small{font-size:10px}svg .left{text-anchor:end;font-size:11px}
        .chart{display:block;width:100%;height:auto}.chart path{fill:none}.chart .grid{stroke:var(--rule)}
        .chart .line0{stroke:var(--available)}.chart .line1{stroke:var(--inflight);stroke-dasharray:6 4}.chart .line0,.chart .line1{stroke-width:2.5;stroke-linecap:round;stroke-linejoin:round}
        figure{margin:0}.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));gap:1rem}
        ul.legend{list-style:none;margin:.3rem 0 .5rem;padding:0;font-size:.9rem}.key{display:inline-block;width:.9em;height:.9em;margin-right:.4em;border-radius:.2em;vertical-align:-.05em}
        .key.line0,.key.available{background:var(--available)}.key.line1,.key.inflight{background:var(--inflight)}.key.used{background:var(--used)}.key.free{background:var(--free)}
        table{width:100%;border-collapse:collapse;font-size:.9rem}th{text-align:left;color:var(--soft);font-weight:600}th,td{padding:.25rem .6rem .25rem 0;border-bottom:1px solid var(--rule);vertical-align:top}
        td.num{text-align:right;white-space:nowrap}td.head{font-weight:600;white-space:nowrap}td[data-name=content]{min-width:11rem}
        @media (max-width:44rem){body{padding:.7rem}dl{grid-template-columns:1fr}dt{margin-top:.3rem}
        thead{display:none}tr{display:block;padding:.4rem 0;border-bottom:1px solid var(--rule)}td,td.num{display:block;border:0;padding:0;text-align:left;white-space:normal}
        td:empty{display:none}td[data-name]::before{content:attr(data-name) ": ";color:var(--soft)}td.head{white-space:normal}td[data-name=content]{min-width:0}
        .chart text,.chart .left{font-size:18px}}
        @media print{:root{color-scheme:light;--back:#fff;--card:#fff;--text:#000;--soft:#333;--rule:#bbb;--bad:#000;--good:#000;
        --available:#0b7285;--inflight:#e8890c;--used:#8e44ad;--free:#c9d1d9}
        body{max-width:none;padding:0;font-size:10pt}nav{display:none}h2{break-after:avoid}section+section{break-before:page}tr,figure{break-inside:avoid}
        .ring circle,.ring path,.chart path,.key{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
        """;
}
