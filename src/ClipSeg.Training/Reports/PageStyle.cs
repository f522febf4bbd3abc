namespace ClipSeg.Training.Reports;

/// <summary>How an <see cref="HtmlPage"/> looks.</summary>
internal static class PageStyle
{
    public const string Css = """
        :root { --paper: #ffffff; --card: #f6f7f9; --ink: #1b2330; --pale: #5d6878; --line: #dde1e7; --bar: #b9cdf2;
          --s0: #1f5fc4; --s1: #c2560a; --s2: #0b7d57; --s3: #a1307f; }
        @media (prefers-color-scheme: dark) {
          :root { --paper: #14171c; --card: #1d2128; --ink: #e8ebf0; --pale: #9aa5b5; --line: #323843; --bar: #2f4a7d;
            --s0: #7aa8ff; --s1: #ff9f4d; --s2: #45c79a; --s3: #e486c8; }
        }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--paper); color: var(--ink);
          font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
        main { max-width: 1120px; margin: 0 auto; padding: 32px 24px 64px; }
        h1 { font-size: 26px; line-height: 1.25; margin: 0 0 6px; overflow-wrap: anywhere; }
        h2 { font-size: 19px; margin: 40px 0 10px; }
        header p, .note { color: var(--pale); margin: 0 0 14px; max-width: 80ch; overflow-wrap: anywhere; }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(200px, 1fr)); gap: 12px;
          margin: 22px 0; }
        .tiles div { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px 16px; }
        .tiles span, .tiles small { display: block; color: var(--pale); font-size: 13px; }
        .tiles b { display: block; font-size: 30px; line-height: 1.3; font-variant-numeric: tabular-nums; }
        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; width: 100%; font-size: 14px; }
        th, td { text-align: left; padding: 6px 12px 6px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
        th { color: var(--pale); font-weight: 600; white-space: nowrap; }
        td:first-child { overflow-wrap: anywhere; }
        .n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
        .bar { display: inline-block; width: 110px; height: 10px; margin-right: 10px; border-radius: 3px;
          overflow: hidden; background: var(--card); }
        .bar i { display: block; height: 100%; background: var(--bar); border-radius: 3px; }
        .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 20px; }
        figure { margin: 0; }
        .charts figure { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
          padding: 14px 16px 8px; }
        .charts figcaption { font-weight: 600; font-size: 14px; display: flex; flex-wrap: wrap; gap: 4px 16px;
          justify-content: space-between; }
        .legend { font-weight: 400; color: var(--pale); display: flex; gap: 14px; }
        .legend i { display: inline-block; width: 16px; height: 4px; border-radius: 2px; margin: 0 6px 3px 0; }
        .chart { width: 100%; height: auto; display: block; }
        .chart text { font-size: 12px; fill: var(--pale); }
        .chart .middle { text-anchor: middle; }
        .chart .end { text-anchor: end; }
        .grid { stroke: var(--line); }
        .axis { stroke: var(--pale); }
        .mark { stroke: var(--pale); stroke-dasharray: 4 4; }
        .line { fill: none; stroke-width: 2.5; stroke-linejoin: round; }
        .dot { opacity: 0; }
        .dot:hover { opacity: 1; }
        .line.s0 { stroke: var(--s0); } .line.s1 { stroke: var(--s1); }
        .line.s2 { stroke: var(--s2); } .line.s3 { stroke: var(--s3); }
        i.s0 { background: var(--s0); } i.s1 { background: var(--s1); }
        i.s2 { background: var(--s2); } i.s3 { background: var(--s3); }
        .dot.s0 { fill: var(--s0); } .dot.s1 { fill: var(--s1); }
        .dot.s2 { fill: var(--s2); } .dot.s3 { fill: var(--s3); }
        article { border-top: 1px solid var(--line); padding: 14px 0 18px; break-inside: avoid; }
        h3 { font-size: 16px; margin: 0 0 8px; overflow-wrap: anywhere; }
        h3 small { font-weight: 400; color: var(--pale); margin-left: 12px; }
        .pictures { display: flex; flex-wrap: wrap; gap: 14px; }
        .pictures figure { flex: 1 1 160px; max-width: 224px; }
        .pictures img { display: block; width: 100%; border-radius: 6px; background: var(--card); }
        .pictures figcaption { color: var(--pale); font-size: 13px; margin-top: 4px; overflow-wrap: anywhere; }
        """;
}
