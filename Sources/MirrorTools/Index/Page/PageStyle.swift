/// The style sheet. Colours are defined as custom properties only, once for light and once for dark.
enum PageStyle {
  static let text: StaticString = """

    :root {
      color-scheme: light dark;
      --page: #f4f6f9; --panel: #ffffff; --code: #f1f4f8; --line: #dce1e8;
      --text: #18202b; --quiet: #566171;
      --accent: #1a5cb4; --on-accent: #ffffff; --accent-tint: #e6effb; --accent-deep: #124787;
      --good: #17692f; --good-tint: #e0f3e5; --warn: #7a4a00; --warn-tint: #fcefd6;
      --bad: #a8231a; --bad-tint: #fde6e3; --idle-tint: #e9edf2;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --page: #0e1217; --panel: #161c24; --code: #0f141a; --line: #2b3440;
        --text: #e7ecf2; --quiet: #9ba8b8;
        --accent: #7fb2ff; --on-accent: #0a1a30; --accent-tint: #17293f; --accent-deep: #a9ccff;
        --good: #74d593; --good-tint: #11301d; --warn: #efbd68; --warn-tint: #33260c;
        --bad: #ff9d93; --bad-tint: #3b1714; --idle-tint: #232b35;
      }
    }

    * { box-sizing: border-box; }
    html { -webkit-text-size-adjust: 100%; }
    body {
      margin: 0 auto; max-width: 68rem; padding: 0 1.25rem 3rem;
      background: var(--page); color: var(--text);
      font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;
      overflow-wrap: anywhere;
    }
    [hidden] { display: none !important; }
    main { display: block; outline: none; }
    h1, h2, h3 { margin: 0; line-height: 1.2; letter-spacing: -0.01em; }
    h1 { font-size: 2.1rem; letter-spacing: -0.025em; }
    h2 { font-size: 1.4rem; }
    h3 { font-size: 1rem; }
    p { margin: 0.4rem 0; }
    ul, ol, dl, dd { margin: 0; padding: 0; list-style: none; }
    a { color: var(--accent); text-underline-offset: 0.15em; text-decoration-thickness: 1px; }
    a:hover { color: var(--accent-deep); text-decoration-thickness: 2px; }
    :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 0.3rem; }
    small { font-size: 0.875em; }
    .quiet, .ago, caption { color: var(--quiet); }
    .quiet, .ago, caption, .flags, .get span { font-size: 0.875rem; }
    code, pre, .file, .flags, .facts dd {
      font-family: ui-monospace, "SFMono-Regular", "Cascadia Mono", "DejaVu Sans Mono", Menlo, monospace;
      font-size: 0.8125rem;
    }
    .skip { position: absolute; left: -100vw; }
    .skip:focus { left: 1rem; top: 1rem; padding: 0.5rem 1rem; background: var(--panel); z-index: 1; }
    .panel { background: var(--panel); border: 1px solid var(--line); border-radius: 0.75rem; }

    .masthead { padding: 3rem 0 1.5rem; }
    .brand { display: flex; flex-wrap: wrap; align-items: center; gap: 0.4rem 0.9rem; }
    .logo { width: 2.75rem; height: 2.75rem; flex: none; }
    .logo .top { fill: var(--accent); }
    .logo .layer { fill: none; stroke: var(--accent); stroke-width: 2.5; stroke-linejoin: round; }
    .logo + h1 { flex: 1 1 0; min-width: 0; }
    .lead { font-size: 1.15rem; margin: 0.6rem 0 0.2rem; max-width: 44rem; }
    .crumbs { display: flex; flex-wrap: wrap; gap: 0.25rem 0.5rem; font-size: 0.875rem; margin-bottom: 1.25rem; }
    .crumbs li + li::before { content: "/"; color: var(--quiet); margin-right: 0.5rem; }

    #filter { display: flex; flex-wrap: wrap; gap: 0.75rem 1rem; align-items: end; padding: 1rem 1.25rem; }
    .field { display: grid; gap: 0.25rem; flex: 1 1 6.5rem; min-width: 0; }
    .field:first-child { flex-grow: 3; flex-basis: 14rem; }
    .field label { font-size: 0.8125rem; font-weight: 600; }
    input, select {
      font: inherit; width: 100%; min-height: 2.6rem; padding: 0.35rem 0.7rem;
      color: var(--text); background: var(--page); border: 1px solid var(--quiet); border-radius: 0.5rem;
    }
    ::placeholder { color: var(--quiet); opacity: 1; }
    #count { flex: 1 0 100%; margin: 0; font-size: 0.875rem; color: var(--quiet); }

    .contents { margin: 1.25rem 0 0; }
    .contents > ul { display: grid; gap: 0.25rem; }
    .contents > ul > li { display: flex; flex-wrap: wrap; gap: 0.1rem 1rem; }
    .contents > ul > li > a { font-weight: 600; }
    .contents ul ul { display: flex; flex-wrap: wrap; gap: 0.1rem 1rem; }

    section { margin-top: 2.5rem; }
    main > section:first-child { margin-top: 0.5rem; }
    section.arch { margin-top: 1.25rem; }
    .heading { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 1rem; }
    .heading h2 { margin-right: auto; }
    .heading p { margin: 0; }
    .always { display: flex; flex-wrap: wrap; gap: 0.1rem 0.75rem; }
    h2 .ago { font-weight: 400; letter-spacing: 0; }
    section.arch > h3 { margin-bottom: 0.6rem; color: var(--quiet); }
    section > h2 + .panel, .heading + .panel { margin-top: 0.9rem; }

    .rows > li {
      display: grid; align-items: center; gap: 0.25rem 1rem; padding: 0.8rem 1.25rem;
      grid-template-columns: minmax(0, 1fr) 8.5rem 3.25rem 6.5rem 11rem;
    }
    .rows { overflow: hidden; }
    .rows > li:not([hidden]) ~ li { border-top: 1px solid var(--line); }
    .rows > li:hover { background: var(--code); }
    .what a { font-weight: 600; }
    .flags { display: block; color: var(--quiet); }
    .when { grid-column: 4; font-variant-numeric: tabular-nums; line-height: 1.3; }
    .when .ago { display: block; }
    .get { grid-column: 5; display: grid; gap: 0.2rem; }
    .get span { color: var(--quiet); line-height: 1.3; }

    .button, .get a {
      display: inline-flex; justify-content: center; align-items: baseline; gap: 0.45rem;
      padding: 0.42rem 0.9rem; border: 1px solid var(--accent); border-radius: 0.5rem;
      color: var(--accent); font-weight: 600; text-decoration: none; white-space: nowrap;
    }
    .get a { white-space: normal; }
    .button:hover, .get a:hover { background: var(--accent-tint); color: var(--accent-deep); }
    .button.first, .get .first { background: var(--accent); color: var(--on-accent); }
    .button.first:hover, .get .first:hover { background: var(--accent-deep); border-color: var(--accent-deep); }
    .button small, .get small { font-weight: 400; }

    .chip {
      display: inline-flex; align-items: center; gap: 0.4em; padding: 0.1rem 0.6rem;
      border: 1px solid transparent; border-radius: 1rem; font-size: 0.8125rem; font-weight: 600; white-space: nowrap;
    }
    .how { display: flex; flex-wrap: wrap; gap: 0.25rem; }
    .chip::before { content: ""; width: 0.5em; height: 0.5em; border-radius: 50%; background: currentColor; flex: none; }
    .chip.healthy { color: var(--good); background: var(--good-tint); }
    .chip.stale { color: var(--warn); background: var(--warn-tint); }
    .chip.stale::before { border-radius: 0; }
    .chip.failing { color: var(--bad); background: var(--bad-tint); }
    .chip.failing::before { border-radius: 0; transform: rotate(45deg); }
    .chip.never { color: var(--quiet); background: var(--idle-tint); }
    .chip.never::before { background: none; border: 2px solid currentColor; }
    .chip.building { color: var(--accent); background: var(--accent-tint); }
    @media (prefers-reduced-motion: no-preference) {
      .chip.building::before { animation: pulse 1.6s ease-in-out infinite; }
    }
    @keyframes pulse { 50% { opacity: 0.25; } }

    .download { margin-top: 0.9rem; padding: 1.1rem 1.25rem; }
    .download .title { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 0.5rem 1rem; }
    .download h3 { font-size: 1.15rem; }
    .file { margin: 0.3rem 0 0.6rem; }
    .file .quiet { white-space: nowrap; margin-left: 0.5rem; font-size: inherit; }
    .digest { display: flex; flex-wrap: wrap; align-items: center; gap: 0.3rem 0.75rem; }
    .digest code { flex: 0 1 auto; padding: 0.2rem 0.5rem; background: var(--code); border-radius: 0.35rem; }
    .inline { display: flex; flex-wrap: wrap; gap: 0.1rem 1.1rem; }
    .download .inline { margin-top: 0.6rem; font-size: 0.9375rem; }
    .minor { font-size: 0.8125rem; }
    details { position: relative; margin-top: 0.7rem; }
    summary { cursor: pointer; width: fit-content; font-weight: 600; font-size: 0.9375rem; }
    .shell {
      margin: 0.5rem 0 0; padding: 0.8rem 1rem; line-height: 1.7; background: var(--code);
      border: 1px solid var(--line); border-radius: 0.5rem; white-space: pre-wrap;
    }
    span.line { display: block; padding-left: 2ch; text-indent: -2ch; }
    .copy {
      font: 600 0.8125rem/1.4 inherit; font-family: inherit; padding: 0.2rem 0.7rem; cursor: pointer;
      color: var(--accent); background: var(--panel); border: 1px solid var(--line); border-radius: 0.4rem;
    }
    .copy:hover { border-color: var(--accent); }
    details > .copy { position: absolute; right: 0; top: -0.15rem; }
    .hint { margin-top: 0.6rem; }

    .facts { display: grid; }
    .facts > div { display: grid; grid-template-columns: 11rem minmax(0, 1fr); gap: 0 1rem; padding: 0.55rem 1.25rem; }
    .facts > div + div { border-top: 1px solid var(--line); }
    .facts dt { font-weight: 600; font-size: 0.875rem; }
    .facts dd { align-self: center; }

    .history { padding: 1.1rem 1.25rem; }
    .charts { display: flex; flex-wrap: wrap; gap: 1.25rem 3rem; }
    .figure { display: flex; flex-direction: column; min-width: min(100%, 9rem); }
    .figure h3 { margin-bottom: 0.5rem; }
    .figure svg { margin-top: auto; }
    .ends { display: flex; justify-content: space-between; gap: 1rem; margin: 0.2rem 0 0; font-variant-numeric: tabular-nums; }
    svg { display: block; max-width: 100%; }
    .chart { height: auto; }
    rect.good { fill: var(--good); }
    rect.bad { fill: var(--bad); }
    .cross, .strip path { fill: none; stroke-width: 2; stroke-linecap: round; }
    .strip path { stroke-width: 3; stroke-linecap: butt; }
    .cross, path.bad { stroke: var(--bad); }
    path.good { stroke: var(--good); }
    path.line { fill: none; stroke: var(--accent); stroke-width: 2; stroke-linejoin: round; }
    .area { fill: var(--accent-tint); }
    .dot { fill: var(--panel); stroke: var(--accent); stroke-width: 2; }

    time, .ago { white-space: nowrap; }
    .scroll { overflow-x: auto; }
    table { width: 100%; border-collapse: collapse; font-size: 0.9375rem; overflow-wrap: break-word; }
    tbody th { min-width: 8.5rem; }
    caption { text-align: left; padding: 0.5rem 0; }
    th, td { text-align: left; vertical-align: top; padding: 0.55rem 1.25rem; }
    thead th { font-size: 0.8125rem; color: var(--quiet); white-space: nowrap; }
    tbody tr { border-top: 1px solid var(--line); }
    tbody th { font-variant-numeric: tabular-nums; }
    tbody th .ago { display: block; font-weight: 400; }
    .history th:first-child, .history td:first-child { padding-left: 0; }

    footer { margin-top: 3.5rem; padding-top: 1.25rem; border-top: 1px solid var(--line); font-size: 0.875rem; color: var(--quiet); }
    footer ul { display: flex; flex-wrap: wrap; gap: 0.2rem 1.25rem; }

    @media (min-width: 50.01rem) { tbody th { width: 14rem; } }
    @media (max-width: 50rem) {
      body { padding: 0 1rem 2rem; }
      .masthead { padding-top: 1.75rem; }
      h1 { font-size: 1.7rem; }
      .rows > li { grid-template-columns: minmax(0, 1fr) auto; padding: 0.9rem 1rem; }
      .how { justify-content: end; align-self: start; }
      .when { grid-column: 1; display: flex; flex-wrap: wrap; gap: 0 0.5rem; order: 1; }
      .past { order: 2; justify-self: end; }
      .get { order: 3; grid-column: 1 / -1; }
      .facts > div { grid-template-columns: minmax(0, 1fr); padding: 0.55rem 1rem; }
      .download, .history, #filter { padding-left: 1rem; padding-right: 1rem; }
      th, td { padding: 0.5rem 1rem; }
    }
    @media print {
      body { max-width: none; }
      #filter, .copy, .skip, .contents { display: none !important; }
      .panel, section, li { break-inside: avoid; }
    }

    """
}
